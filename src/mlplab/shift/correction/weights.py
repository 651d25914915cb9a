"""Weights of training rows: from ratios to weights, and how many rows they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import DataError
from mlplab.reading import read_number

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """What `correct` found: a weight for each training row, or why there is none.

    Attributes:
        ratios: estimates of p_target(x) / p_train(x) at the training rows, as they came, (N,).
        method: what estimated them.
        clip: the largest ratio that was let through.
        clipped: share of the rows whose ratio was larger.
        effective: effective number of training rows, (sum w)^2 / sum w^2.
        outside: share of the target rows that lie further from the training rows than nearly
            all (99 %) training rows lie from each other.
        declined: why these weights should not be used; empty where nothing speaks against it.
        settings: what was chosen on the way, such as a kernel's width; `left_out` names columns
            that carry nothing, and why, where there are any.
    """

    ratios: Floats
    method: str
    clip: float
    clipped: float
    effective: float
    outside: float
    declined: str
    settings: dict[str, Any] = field(default_factory=dict)
    _values: Floats = field(default_factory=lambda: np.empty(0), repr=False)

    @property
    def values(self) -> Floats:
        """The weights, (N,), ready to be a `sample_weight`.

        Raises:
            DataError: the correction was declined; `ratios` still shows what came.
        """
        if self.declined:
            raise DataError(f"no weights: {self.declined}")
        return self._values

    @property
    def share(self) -> float:
        """Effective number of rows as a share of all."""
        return self.effective / len(self.ratios)

    def risk(self, losses: ArrayLike, *, level: float = 0.95) -> tuple[float, float, float]:
        """Estimate the mean loss over target rows from losses of training rows, with interval.

        `sum_i w_i loss_i / sum_i w_i`; its variance is that of a ratio of means, and takes the
        weights as known: an interval for other rows, not for other weights. Losses must come from
        a model that did not train on the row.

        Args:
            losses: (N,).
            level: how often such an interval covers, if the weights are right.

        Raises:
            DataError: losses do not fit, or the correction was declined.
        """
        return weighted_risk(losses, self.values, level=level)


def weighted_risk(
    losses: ArrayLike, weights: ArrayLike, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the self-normalised weighted mean of losses, and its interval.

    Args:
        losses, weights: (N,).
        level: how often such an interval covers, if the weights are right.

    Raises:
        DataError: they do not fit.

    Source: Owen, Monte Carlo theory, methods and examples, 2013, chapter 9.2.

    >>> weighted_risk([0.0, 1.0, 1.0], [2.0, 1.0, 1.0])[0]
    0.5
    """
    from scipy.stats import norm

    level = read_number("level", level, "a number between 0 and 1", lambda share: 0 < share < 1)
    values = as_numbers("losses", losses)
    given = as_weights(weights, len(np.ravel(values)))
    if values.shape != given.shape or not np.isfinite(values).all():
        raise DataError(f"losses: expected finite numbers, {given.shape}; got {values.shape}")
    share = given / given.sum()
    mean = float(share @ values)
    error = float(np.sqrt(np.square(share * (values - mean)).sum()))
    reach = float(norm.ppf((1 + level) / 2)) * error
    return mean, mean - reach, mean + reach


def as_numbers(name: str, values: Any) -> Floats:
    """Return numbers as an array.

    Raises:
        DataError: something else is among them, or they make no array.

    >>> as_numbers("losses", [1, 2]).tolist()
    [1.0, 2.0]
    """
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        shown = type(values).__name__ if isinstance(values, list | tuple | dict) else repr(values)
        raise DataError(f"{name}: expected numbers; got {shown}") from None


def as_weights(weights: Any, n_rows: int) -> Floats:
    """Return given weights as numbers, a `Weights` included.

    Raises:
        DataError: another number of them, one negative or not finite, or all 0.
    """
    values = weights.values if isinstance(weights, Weights) else as_numbers("weights", weights)
    if values.shape != (n_rows,):
        raise DataError(f"weights: expected one per row, ({n_rows},); got {values.shape}")
    if not n_rows:
        raise DataError("weights: expected one or more; got none")
    if not np.isfinite(values).all() or values.min() < 0 or values.sum() <= 0:
        raise DataError("weights: expected finite numbers, none negative and not all 0")
    return np.asarray(values)


def effective_rows(weights: ArrayLike) -> float:
    """Return (sum w)^2 / sum w^2: so many equal weights would have the same variance.

    Source: Kish, Survey Sampling, 1965.

    >>> effective_rows([1.0, 1.0, 0.0, 0.0])
    2.0
    """
    values = as_numbers("weights", weights)
    largest = values.max(initial=0.0)
    if not largest > 0:
        return 0.0
    values = values / largest  # squares of the smallest doubles are 0
    return float(values.sum() ** 2 / np.square(values).sum())


def tame(
    ratios: Floats, *, clip: float | None, flatten: float, normalise: bool
) -> tuple[Floats, float, float]:
    """Return min(ratio, clip)^flatten, scaled to mean 1 where asked; the clip; the share clipped.

    Args:
        ratios: (N,), not negative.
        clip: the largest; None: sqrt(N) times the mean, for which the error of the weighted mean
            still vanishes as N grows.
        flatten: 1 leaves them, 0 makes all equal.
        normalise: whether the weights shall have mean 1.

    Raises:
        ConfigError: a setting out of range.

    Source: Ionides, Truncated importance sampling, Journal of Computational and Graphical
    Statistics 17, 2008; Shimodaira, Journal of Statistical Planning and Inference 90, 2000 (the
    exponent).

    >>> tame(np.array([0.0, 1.0, 8.0]), clip=4.0, flatten=0.5, normalise=False)[0].tolist()
    [0.0, 1.0, 2.0]
    """
    if clip is not None:
        clip = read_number("clip", clip, "a number above 0, or None", lambda ratio: ratio > 0)
    flatten = read_number("flatten", flatten, "a number from 0 to 1", lambda e: 0 <= e <= 1)
    edge = float(np.sqrt(len(ratios)) * ratios.mean()) if clip is None else clip
    values = np.minimum(ratios, edge) ** flatten
    mean = values.mean()
    if normalise and mean > 0:
        values = values / mean
    return values, edge, float((ratios > edge).mean())
