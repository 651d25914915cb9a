"""Cross-validation as a factor: the rows a run trains on."""

from __future__ import annotations

from mlplab.specs import Fold


def folds(n_folds: int = 5, seed: int = 0) -> list[Fold]:
    """Return the folds of one cross-validation, to be varied: `vary={"rows": folds(5)}`.

    Every arm and every run seed sees the same folds; `valid_*` metrics are of the fold held out.

    Args:
        n_folds: at least 2.
        seed: draws the folds.

    >>> [fold.index for fold in folds(3)]
    [0, 1, 2]
    """
    return [Fold(n_folds=n_folds, index=index, seed=seed) for index in range(n_folds)]
