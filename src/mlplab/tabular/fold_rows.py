"""Which fold holds out which row: at random, with equal shares of classes, or whole groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, DataError
from mlplab.reading import read_whole
from mlplab.tabular.scoring import TaskKind


def fold_of_rows(
    target: Any, task: TaskKind, n_folds: int, seed: int, groups: Any = None
) -> npt.NDArray[np.int64]:
    """Return the fold that holds out each row, (N,).

    As scikit-learn's `KFold(n_folds, shuffle=True, random_state=seed)` for numbers, and
    `StratifiedKFold` for classes. With groups, no group is in two folds: as many folds as groups
    where there are no more than `n_folds` (leave one group out), else groups are dealt so that
    folds have about equal numbers of rows (`GroupKFold`).

    Args:
        target: numbers or class ids, (N,).
        task: which of them.
        n_folds: at least 2; fewer where there are fewer rows or groups, see `folds_possible`.
        seed: deals the rows, or the groups.
        groups: of each row, (N,), any values; or None.

    Raises:
        ConfigError: fewer than 2 folds.
        DataError: fewer than 4 rows or 2 groups, or another number of groups than rows.

    >>> fold_of_rows(np.arange(4.0), "regression", 2, 0, groups=["a", "a", "b", "b"]).tolist()
    [0, 0, 1, 1]
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    n_folds = read_whole("n_folds", n_folds, 2)
    y = np.asarray(target)
    n = len(y)
    if n < 4:
        raise DataError(f"train: expected at least 4 rows; got {n}")
    rows = np.zeros((n, 1))
    if groups is not None:
        if np.ndim(groups) != 1:
            raise DataError(f"groups: expected {n}, one per row; got {np.shape(groups)}")
        names, ids = np.unique(np.asarray(groups).astype(str), return_inverse=True)
        if len(ids) != n:
            raise DataError(f"groups: expected {n}, one per row; got {len(ids)}")
        if len(names) < 2:
            raise DataError("groups: expected at least 2 different ones; got 1")
        if folds_possible(n, n_folds, groups) == len(names):
            return ids.astype(np.int64)
    if seed >= 2**32:  # scikit-learn takes no more
        raise ConfigError(f"seed: expected a whole number below 2**32; got {seed}")
    if groups is not None:
        parts = GroupKFold(n_folds, shuffle=True, random_state=seed).split(rows, groups=ids)
    else:
        n_folds = folds_possible(n, n_folds)
        dealt: Any = KFold(n_folds, shuffle=True, random_state=seed)
        if task == "classification" and np.bincount(y).min() >= n_folds:
            dealt = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        parts = dealt.split(rows, y)
    out = np.empty(n, dtype=np.int64)
    for fold, (_, held) in enumerate(parts):
        out[held] = fold
    return out


def folds_possible(n_rows: int, n_folds: int, groups: Any = None) -> int:
    """Return how many folds are made where so many are asked for: two rows in each, or a group.

    >>> folds_possible(178, 5), folds_possible(178, 500), folds_possible(4, 5, ["a", "a", "b", "b"])
    (5, 89, 2)
    """
    if groups is None:
        return min(n_folds, n_rows // 2)
    return min(n_folds, len(np.unique(np.asarray(groups).astype(str))))
