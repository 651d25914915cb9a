"""Calibration: whether what is given a probability comes true as often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.stats.failures import clopper_pearson

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Calibration:
    """How well class probabilities are calibrated, on examples that had no part in the training.

    Attributes:
        n: examples.
        ece: expected calibration error: the mean, over examples, of the distance between the mean
            probability given to the predicted class and the share that was right, bin by bin.
        ece_if_calibrated: what `ece` would be on average if every probability were right: it is
            above 0, as shares of a few examples miss their probability by chance.
        nll: mean negative log-likelihood, in nats.
        brier: mean, over examples, of the sum over classes of (probability - truth) squared.
        probability: mean probability of the predicted class in each bin that has examples, (K,).
        observed: share of right predictions in each, (K,).
        counts: examples in each, (K,).
    """

    n: int
    ece: float
    ece_if_calibrated: float
    nll: float
    brier: float
    probability: Floats
    observed: Floats
    counts: NDArray[np.int64]

    def bins(self, level: float = 0.95) -> dict[str, NDArray[np.generic]]:
        """Return the columns of `draw.calibration_chart`, with the exact interval of each share.

        >>> calibration([[0.9, 0.1], [0.2, 0.8]], [0, 0]).bins()["observed"].tolist()
        [0.0, 1.0]
        """
        low, high = clopper_pearson(np.rint(self.observed * self.counts), self.counts, level)
        columns = {"probability": self.probability, "observed": self.observed}
        return {**columns, "low": low, "high": high, "n": self.counts}


def calibration(probabilities: ArrayLike, classes: ArrayLike, n_bins: int = 15) -> Calibration:
    """Compare the probabilities of predicted classes with how often these were right.

    Assumes: examples are independent of each other and of the training.
    Does not license: comparing `ece` between models of unlike confidence or numbers of examples
    without `ece_if_calibrated` beside it; "calibrated" of each class or group.

    Args:
        probabilities: of each class, (N, C), rows that sum to 1.
        classes: the true ones, (N,).
        n_bins: equally wide bins of the predicted class's probability.

    Raises:
        ConfigError: shapes that do not fit, or rows that are no probabilities.

    Source: Guo, Pleiss, Sun and Weinberger (2017), On Calibration of Modern Neural Networks,
    arXiv 1706.04599; its bias: Kumar, Liang and Ma (2019), arXiv 1909.10155.

    >>> found = calibration([[0.75, 0.25]] * 4, [0, 0, 0, 1])
    >>> found.ece, round(found.brier, 3)
    (0.0, 0.375)
    """
    p, y = _checked(probabilities, classes)
    if n_bins < 1:
        raise ConfigError(f"n_bins: expected at least 1; got {n_bins}")
    given = p.max(1)
    right = p.argmax(1) == y
    # The upper end belongs to a bin, as in (0.9, 1].
    bins = np.clip(np.ceil(given * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    filled = counts > 0
    weights = counts[filled]
    probability = np.bincount(bins, given, n_bins)[filled] / weights
    observed = np.bincount(bins, right, n_bins)[filled] / weights
    # The mean distance of a normal number from its mean is sqrt(2 / pi) deviations.
    deviations = np.sqrt(np.bincount(bins, given * (1 - given), n_bins)[filled]) / weights
    shares = weights / len(y)
    own = p[np.arange(len(y)), y]
    truth = np.zeros_like(p)
    truth[np.arange(len(y)), y] = 1
    return Calibration(
        n=len(y),
        ece=float((shares * np.abs(observed - probability)).sum()),
        ece_if_calibrated=float((shares * deviations).sum() * np.sqrt(2 / np.pi)),
        nll=float(-np.log(np.maximum(own, np.finfo(np.float64).tiny)).mean()),
        brier=float(((p - truth) ** 2).sum(1).mean()),
        probability=probability,
        observed=observed,
        counts=weights,
    )


def fit_temperature(logits: ArrayLike, classes: ArrayLike) -> float:
    """Return the temperature T for which softmax(logits / T) fits best, by its likelihood.

    One number for all classes: predictions stay as they are, their probabilities change. Fit it on
    validation rows; the likelihood is concave in 1/T, so there is one best.

    Args:
        logits: (N, C).
        classes: the true ones, (N,).

    Raises:
        ConfigError: shapes that do not fit, logits that are not finite, or all predictions right
            or all at chance, so that no finite T is best.

    Source: Guo et al. (2017), arXiv 1706.04599.

    >>> import numpy as np
    >>> logits = np.log([[0.75, 0.25]] * 4)
    >>> round(fit_temperature(3 * logits, [0, 0, 0, 1]), 6)
    3.0
    """
    from scipy.optimize import brentq
    from scipy.special import softmax

    z = np.asarray(logits, dtype=np.float64)
    y = np.asarray(classes)
    _check_shapes(z, y, "logits")
    if not np.isfinite(z).all():
        raise ConfigError("logits: expected finite numbers")
    own = z[np.arange(len(y)), y]

    def slope(log_scale: float) -> float:
        """Of the mean log-likelihood in the scale 1/T."""
        p = softmax(np.exp(log_scale) * z, axis=1)
        return float((own - (p * z).sum(1)).mean())

    ends = (-12.0, 12.0)
    if not slope(ends[0]) > 0 > slope(ends[1]):
        raise ConfigError(
            "logits: no finite temperature is best: "
            + ("every class is predicted with certainty" if slope(ends[1]) >= 0 else "at chance")
        )
    return float(np.exp(-brentq(slope, *ends, xtol=1e-12)))


def _checked(probabilities: ArrayLike, classes: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(classes)
    _check_shapes(p, y, "probabilities")
    if p.min() < 0 or not np.allclose(p.sum(1), 1, atol=1e-4):
        raise ConfigError("probabilities: expected rows of numbers from 0 that sum to 1")
    return p, y.astype(np.int64)


def _check_shapes(scores: Floats, classes: NDArray[np.generic], name: str) -> None:
    if scores.ndim != 2 or not len(scores) or scores.shape[1] < 2:
        raise ConfigError(f"{name}: expected (N, C) with C of at least 2; got {scores.shape}")
    whole = classes.dtype.kind in "iu" and classes.shape == (len(scores),)
    if not whole or classes.min() < 0 or classes.max() >= scores.shape[1]:
        raise ConfigError(
            f"classes: expected {len(scores)} whole numbers from 0 to {scores.shape[1] - 1}"
        )
