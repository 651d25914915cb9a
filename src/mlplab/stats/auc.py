"""The area under the ROC curve, with DeLong's interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError

Array = NDArray[np.float64]


def auc_interval(
    folds: Sequence[tuple[ArrayLike, ArrayLike]], *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean AUC of folds' classifiers on rows held out, and its interval.

    The AUC is the share of pairs in which the positive row scores higher, ties counted half. Its
    variance over rows drawn anew is DeLong's, the interval that of the log odds; where every pair
    is in order, it begins where so many rows of the rarer kind would still be so by luck.

    Assumes: rows are independent; the classifiers are taken as they are.

    Args:
        folds: scores of the positive and of the negative rows of each fold, 2 or more of each.
        level: how often such an interval covers the truth.

    Raises:
        ConfigError: no folds, or fewer rows.

    Cost: O(N log N).

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988; by ranks as Sun and Xu, IEEE
    Signal Processing Letters 21, 2014.

    >>> mean, low, high = auc_interval([([0.9, 0.8, 0.4, 0.7], [0.1, 0.5, 0.3])])
    >>> round(mean, 3), round(low, 3), round(high, 3)
    (0.917, 0.348, 0.996)
    """
    from scipy.stats import beta, norm

    if not folds:
        raise ConfigError("folds: expected at least one")
    found = [_auc_of(np.asarray(p, np.float64), np.asarray(n, np.float64)) for p, n in folds]
    mean = float(np.mean([auc for auc, _ in found]))
    error = float(np.sqrt(sum(variance for _, variance in found))) / len(found)
    tail = (1 - level) / 2
    # Every pair in order: DeLong's variance is 0, and would claim certainty.
    if error == 0:
        rows = sum(min(len(np.ravel(p)), len(np.ravel(n))) for p, n in folds)
        share = round(mean * rows)
        low = float(beta.ppf(tail, share, rows - share + 1)) if share else 0.0
        high = float(beta.ppf(1 - tail, share + 1, rows - share)) if share < rows else 1.0
        return mean, low, high
    odds = np.log(mean / (1 - mean))
    reach = -float(norm.ppf(tail)) * error / (mean * (1 - mean))
    return mean, float(1 / (1 + np.exp(reach - odds))), float(1 / (1 + np.exp(-odds - reach)))


def _auc_of(above: Array, below: Array) -> tuple[float, float]:
    """The AUC of one fold, and its variance."""
    from scipy.stats import rankdata

    p, n = len(above), len(below)
    if p < 2 or n < 2:
        raise ConfigError(f"scores: expected at least 2 rows of each kind; got {p} and {n}")
    ranks = rankdata(np.concatenate([above, below]))
    # The share of the other kind that each row is ahead of.
    wins = (ranks[:p] - rankdata(above)) / n
    losses = (ranks[p:] - rankdata(below)) / p
    return float(wins.mean()), float(wins.var(ddof=1) / p + losses.var(ddof=1) / n)
