"""The folds of section 4.10: which rows train and which are held out, as a run's seed says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data.split import draw_split
from mlplab.specs import Block, Fold, Own

N_ROWS = 1460
"""Rows with prices; a design must know it before the data are there."""
N_FOLDS = 5
"""The source's k."""
N_INNER = 4
"""Folds of a fold's training rows, for choosing within it."""
INNER_DEAL = 1000
"""Inner folds are dealt by seeds from here on."""


def fold_rows(place: int, n_rows: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return training and held-out rows of fold `place` of 5-fold validations, dealt anew each.

    Folds 0 to 4 are the first deal's, 5 to 9 the second's: those of `folds(5, repeats=2)`.
    """
    pool = np.arange(N_ROWS if n_rows is None else n_rows)
    deal, index = divmod(place, N_FOLDS)
    split = draw_split(pool, 0, 0, Fold(n_folds=N_FOLDS, index=index, seed=deal))
    return split.train, split.valid


def all_folds(n: int, n_rows: int) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return the first n folds; for n = 0 the fold of which every row trains."""
    if not n:
        return [(np.arange(n_rows), np.arange(0))]
    return [fold_rows(place, n_rows) for place in range(n)]


def inner_rows(place: int, n_rows: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the rows of inner fold `place % 4` of the training rows of fold `place // 4`."""
    outer, index = divmod(place, N_INNER)
    train, _ = fold_rows(outer, n_rows)
    fold = Fold(n_folds=N_INNER, index=index, seed=INNER_DEAL + outer)
    split = draw_split(train, 0, 0, fold)
    return split.train, split.valid


def own_fold(inner: bool = False) -> Own:
    """Return the `rows` of runs of which seed s trains on fold s of a stacked task."""
    train, held = inner_rows(0) if inner else fold_rows(0)
    return Own(n=len(train), valid=len(held))


def fold_blocks(n: int) -> list[Block]:
    """Return the `rows` of runs on each of n folds, for designs with several seeds on each."""
    rows = own_fold()
    size = rows.n + rows.valid
    return [Block(start=place * size, n=rows.n, valid=rows.valid) for place in range(n)]


def shared_variance() -> float:
    """Return held-out over training rows, the part of a variance that more folds do not shrink."""
    rows = own_fold()
    return rows.valid / rows.n


def n_repeats(profile_seeds: int, seeds: int | None) -> int:
    """Return how many folds are used: whole deals, unless a number of seeds is asked for.

    >>> n_repeats(8, None), n_repeats(10, None), n_repeats(30, None), n_repeats(8, 7)
    (10, 10, 30, 7)
    """
    return seeds or -(-profile_seeds // N_FOLDS) * N_FOLDS
