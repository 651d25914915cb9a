"""Label shift: how often each class comes where only a classifier's probabilities are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import DataError
from mlplab.reading import read_number, read_word
from mlplab.shift.correction import confusion, likelihood_priors
from mlplab.shift.correction.weights import as_numbers

Floats = NDArray[np.float64]
Method = Literal["mlls", "em", "bbse"]


@dataclass(frozen=True, eq=False, slots=True)
class LabelShift:
    """Shares of the classes among the target rows, and how surely they are known.

    Attributes:
        priors: estimated shares, (C,), none negative, sum 1.
        source_priors: shares among the valid rows, (C,).
        low, high: bounds for each share alone, (C,).
        level: how often the region, and each pair of bounds, covers.
        classes: what the C places are.
        method: what estimated them.
        calibration: of "mlls": `inverse_temperature` and `bias` of the logits.
    """

    priors: Floats
    source_priors: Floats
    low: Floats
    high: Floats
    level: float
    classes: NDArray[Any]
    method: str
    calibration: dict[str, Any] = field(default_factory=dict)
    _centre: Floats = field(default_factory=lambda: np.empty(0), repr=False)
    _covariance: Floats = field(default_factory=lambda: np.empty((0, 0)), repr=False)

    @property
    def weights(self) -> Floats:
        """What a training row of each class should weigh: prior / source prior, (C,)."""
        return self.priors / self.source_priors

    def weights_of(self, labels: ArrayLike) -> Floats:
        """Return the weight of each label, (N,), ready to be a `sample_weight`.

        Raises:
            DataError: a label that is not among the classes.
        """
        return np.asarray(self.weights[_ids(labels, self.classes, "labels")])

    def covers(self, priors: ArrayLike) -> bool:
        """Say whether shares of all classes together lie in the confidence region.

        The region is the ellipsoid (p - estimate)' covariance^-1 (p - estimate) <= the chi-squared
        quantile of C - 1 degrees of freedom, among shares that sum to 1.

        Raises:
            DataError: not one share for each class.
        """
        from scipy.stats import chi2

        asked = np.asarray(priors, np.float64)
        if asked.shape != self.priors.shape:
            raise DataError(f"priors: expected {self.priors.shape}; got {asked.shape}")
        if abs(asked.sum() - 1) > 1e-6:
            return False
        off = (asked - self._centre)[:-1]
        spread = self._covariance[:-1, :-1]
        inverse = np.linalg.pinv(spread)
        if np.abs(off - spread @ inverse @ off).max() > 1e-6:
            return False  # off in a direction without any variance
        return bool(off @ inverse @ off <= chi2.ppf(self.level, len(off)))


def label_shift(
    probabilities_valid: ArrayLike,
    labels_valid: ArrayLike,
    probabilities_target: ArrayLike,
    method: Method = "mlls",
    *,
    classes: ArrayLike | None = None,
    level: float = 0.95,
) -> LabelShift:
    """Estimate the shares of the classes among target rows from a classifier's probabilities.

    Assumes: label shift, that is, P(x | label) is the same for valid and target rows and only the
    shares of the labels differ; the classifier trained on none of these rows; rows are
    independent. "em" also assumes that the probabilities are calibrated on rows with the shares
    of the valid rows. Does not license: any of it where inputs of a class look different in the
    target.

    "mlls" calibrates on the valid rows, softmax(a log p + b) with a bias for each class, then
    maximises the likelihood of the target rows; "em" is the same without calibration; "bbse"
    inverts the confusion matrix of predicted classes. Regions hold the variance of both samples,
    calibration included, by the delta method.

    Args:
        probabilities_valid: (N, C), of rows the classifier did not train on.
        labels_valid: (N,), at least two rows of each class.
        probabilities_target: (M, C).
        method: see above.
        classes: the label of each column; default: the sorted labels.
        level: of the regions.

    Raises:
        ConfigError: a method or level that is not known.
        DataError: shapes that do not fit, rows that are no probabilities, a class without rows, or
            predictions that do not tell the classes apart ("bbse").

    Cost: O((N + M) C) for each of some hundred steps, and C^3.

    Source: Saerens, Latinne and Decaestecker, Neural Computation 14, 2002 ("em"); Lipton, Wang and
    Smola, ICML 2018, arXiv 1802.03916 ("bbse"); Alexandari, Kundaje and Shrikumar, ICML 2020, arXiv
    1901.06852 ("mlls"); regions: Newey and McFadden, Handbook of Econometrics 4, 1994, section 6.

    >>> rng = np.random.default_rng(0)
    >>> def draw(share, n):
    ...     labels = (rng.random(n) < share).astype(int)
    ...     p = 1 / (1 + np.exp(-2 * (labels * 2 - 1 + rng.normal(size=n))))
    ...     return np.stack([1 - p, p], axis=1), labels
    >>> valid, labels = draw(0.5, 2000)
    >>> found = label_shift(valid, labels, draw(0.8, 2000)[0])
    >>> bool(abs(found.priors[1] - 0.8) < 0.05), found.covers([0.2, 0.8])
    (True, True)
    """
    from scipy.stats import norm

    read_word("method", method, get_args(Method))
    level = read_number("level", level, "a number between 0 and 1", lambda share: 0 < share < 1)
    valid = _probabilities(probabilities_valid, "probabilities_valid")
    target = _probabilities(probabilities_target, "probabilities_target")
    if valid.shape[1] != target.shape[1]:
        raise DataError(
            f"probabilities_target: expected {valid.shape[1]} classes; got {target.shape[1]}"
        )
    labels = np.asarray(labels_valid)
    if labels.shape != (len(valid),):
        raise DataError(f"labels_valid: expected one per row, ({len(valid)},); got {labels.shape}")
    names = np.unique(labels) if classes is None else np.asarray(classes)
    if names.shape != (valid.shape[1],):
        raise DataError(
            f"classes: expected {valid.shape[1]}, one per column; got {len(names)}; "
            "name them by classes= where a class has no valid row"
        )
    ids = _ids(labels, names, "labels_valid")
    counts = np.bincount(ids, minlength=len(names))
    if counts.min() < 2:
        lacking = names.tolist()[counts.argmin()]
        raise DataError(
            f"labels_valid: expected at least 2 rows of each class; class {lacking!r} has "
            f"{counts.min()}"
        )
    calibration: dict[str, Any] = {}
    if method == "bbse":
        centre, covariance = confusion.priors(valid, ids, target)
    else:
        centre, covariance, calibration = likelihood_priors.priors(
            valid, ids, target, calibrated=method == "mlls"
        )
    reach = float(norm.ppf((1 + level) / 2)) * np.sqrt(np.maximum(np.diag(covariance), 0))
    shares = np.maximum(centre, 0)
    return LabelShift(
        priors=shares / shares.sum(),
        source_priors=counts / len(ids),
        low=np.clip(centre - reach, 0, 1),
        high=np.clip(centre + reach, 0, 1),
        level=level,
        classes=names,
        method=method,
        calibration=calibration,
        _centre=centre,
        _covariance=covariance,
    )


def _ids(labels: ArrayLike, classes: NDArray[Any], what: str) -> NDArray[np.int64]:
    """Return the place of each label among the classes."""
    known = {name: place for place, name in enumerate(classes.tolist())}
    entries = np.asarray(labels).tolist()
    strange = next((entry for entry in entries if entry not in known), None)
    if strange is not None:
        raise DataError(f"{what}: {strange!r} is not among the classes {classes.tolist()}")
    return np.array([known[entry] for entry in entries], np.int64)


def _probabilities(given: ArrayLike, what: str) -> Floats:
    values = as_numbers(what, given)
    if values.ndim != 2 or values.shape[1] < 2:
        raise DataError(
            f"{what}: expected rows x classes, (N, C), C at least 2; got {values.shape}"
        )
    if not len(values):
        raise DataError(f"{what}: has no rows")
    if not np.isfinite(values).all() or values.min() < 0:
        raise DataError(f"{what}: expected finite numbers, none negative")
    sums = values.sum(axis=1)
    if np.abs(sums - 1).max() > 1e-3:
        row = int(np.abs(sums - 1).argmax())
        raise DataError(f"{what}: expected rows that sum to 1; row {row} sums to {sums[row]:g}")
    return np.asarray(values / sums[:, None])
