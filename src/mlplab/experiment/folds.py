"""Cross-validation as a factor: the rows a run trains on."""

from __future__ import annotations

from mlplab.errors import ConfigError
from mlplab.specs import Fold, Holdout


def folds(n_folds: int = 5, seed: int = 0, *, repeats: int = 1) -> list[Fold]:
    """Return the folds of one or more cross-validations, to be varied: `vary={"rows": folds(5)}`.

    Every arm and every run seed sees the same folds; `valid_*` metrics are of the fold held out.
    `Runs.cross_validated` scores arms over them.

    Args:
        n_folds: at least 2.
        seed: deals the rows of the first repeat; the next ones have the seeds after it.
        repeats: how often all rows are dealt anew.

    Raises:
        ConfigError: no repeat.

    >>> [fold.index for fold in folds(3)]
    [0, 1, 2]
    >>> [(fold.seed, fold.index) for fold in folds(2, repeats=2)]
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    if repeats < 1:
        raise ConfigError(f"repeats: expected at least 1; got {repeats}")
    return [
        Fold(n_folds=n_folds, index=index, seed=deal)
        for deal in range(seed, seed + repeats)
        for index in range(n_folds)
    ]


def splits(n: int = 10, valid: float | int = 0.2, seed: int = 0) -> list[Holdout]:
    """Return repeated random splits, to be varied: `vary={"rows": splits(10, valid=0.2)}`.

    Every arm and every run seed sees the same splits; they overlap, as folds do, so score them
    by `Runs.cross_validated`.

    Args:
        n: how many.
        valid: share (below 1) or count (from 1) of the pool that each holds out.
        seed: draws the first; the next ones have the seeds after it.

    Raises:
        ConfigError: no split, or nothing held out.

    >>> [one.seed for one in splits(3, valid=0.1)]
    [0, 1, 2]
    """
    if n < 1:
        raise ConfigError(f"n: expected at least 1 split; got {n}")
    return [Holdout(valid=valid, seed=seed + place) for place in range(n)]
