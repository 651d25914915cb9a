"""Scores of cross-validation folds: they share training rows, so they are not independent."""

from __future__ import annotations

from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.stats.interval import ALPHA, Interval, mean_interval


def cross_validated_interval(
    y: ArrayLike,
    n_train: int,
    n_test: int,
    *,
    claims: int = 1,
    alpha: float = ALPHA,
    accuracy: bool = False,
) -> Interval:
    """Interval of the mean over J folds with the corrected variance `s^2 (1/J + n_test/n_train)`.

    The naive `s^2 / J` treats folds as independent; they share training rows, and it is too small
    (Nadeau and Bengio 2003). t has J - 1 degrees of freedom. Hand the result to
    `decide_interval`.

    Assumes: folds of about equal size; the correlation between folds is about
    `n_test / (n_train + n_test)`, a rule that is good in practice, not a theorem.
    Does not license: a narrow interval by repeating the folds: the second term stays.

    Args:
        y: one number per fold, (J,), or one row per claim, (M, J).
        n_train, n_test: rows a fold trains on and is scored on.
        claims, alpha: as in `mean_interval`.
        accuracy: whether y comes from accuracies over `n_test` rows (floor of s).

    >>> scores = [0.02, 0.03, 0.01, 0.02, 0.02]
    >>> corrected = cross_validated_interval(scores, n_train=800, n_test=200)
    >>> naive = mean_interval(scores)
    >>> round(float(corrected.se / naive.se), 3)
    1.5
    """
    if n_train < 1 or n_test < 1:
        raise ConfigError(f"n_train, n_test: expected at least 1; got {n_train} and {n_test}")
    return mean_interval(
        y,
        claims=claims,
        alpha=alpha,
        n_test=n_test if accuracy else None,
        shared=n_test / n_train,
    )
