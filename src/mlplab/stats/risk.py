"""Intervals of a model's risk (its mean loss on new rows), from losses on held-out rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError


def risk_interval(
    losses: ArrayLike, *, groups: ArrayLike | None = None, level: float = 0.95
) -> tuple[float, float]:
    """Return an interval of the mean loss of models, from losses on rows that they have not seen.

    Losses of one cross-validation may be put together: the interval is then of the mean over folds
    of what their models lose on other rows, the training rows taken as they are. It does not say
    how another training set would fare, nor whether one procedure is better than another: see
    `cross_validated_interval`.

    Losses that are all 0 or 1 (hits) get Wilson's interval; others, at least 0, that of the
    logarithm of their mean (t, delta method), so that it stays above 0.

    Assumes: rows, or groups of rows, are independent; training barely depends on any one row.
    Does not license: trust in 95 % where a few rows make up most of the mean: among 1,500 squares
    of a t with 5 degrees of freedom it covers 94 times in 100, among 50 of them 88 times.

    Args:
        losses: at least 0, (N,).
        groups: of each row, (N,), where rows of a group are not independent.
        level: how often such an interval covers the truth.

    Raises:
        ConfigError: no losses, negative ones, or as many groups as do not allow an interval.

    Source: Bayle, Bayle, Janson and Mackey, Cross-validation confidence intervals for test error,
    2020; Wilson, J. Am. Stat. Assoc. 22, 1927; sums over groups as Liang and Zeger, 1986.

    >>> low, high = risk_interval([0.5, 1.0, 1.5, 1.0])
    >>> round(low, 2), round(high, 2)
    (0.52, 1.91)
    """
    from scipy.stats import binomtest, t

    y = np.asarray(losses, dtype=np.float64)
    if y.ndim != 1 or not len(y) or not np.isfinite(y).all() or y.min() < 0:
        raise ConfigError("losses: expected a list of numbers of at least 0")
    hits = bool(np.isin(y, (0.0, 1.0)).all())
    if hits and groups is None:
        found = binomtest(int(y.sum()), len(y)).proportion_ci(level, method="wilson")
        return float(found.low), float(found.high)
    ids = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_groups = int(ids.max()) + 1
    if len(ids) != len(y) or n_groups < 2:
        raise ConfigError(f"groups: expected one per loss, 2 or more; got {n_groups}")
    mean = float(y.mean())
    if mean == 0:
        return 0.0, 0.0
    sums = np.bincount(ids, y - mean)
    error = float(np.sqrt(n_groups / (n_groups - 1) * (sums**2).sum())) / len(y)
    reach = float(t.ppf((1 + level) / 2, n_groups - 1)) * error
    if hits:
        return max(0.0, mean - reach), min(1.0, mean + reach)
    return mean * float(np.exp(-reach / mean)), mean * float(np.exp(reach / mean))
