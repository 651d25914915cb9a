"""Adversarial validation of test against training rows, within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mlplab.tabular.adversarial import ToldApart, tell_tables_apart
from mlplab.tabular.columns import Schema
from mlplab.tabular.shortcuts import Shortcut

if TYPE_CHECKING:
    import pandas as pd

_USABLE = ("number", "category", "date")
_FEW_COLUMNS, _FEWEST_ROWS, _MOST_ROWS = 16, 120, 2000


def apart_in_time(
    train: pd.DataFrame,
    test: pd.DataFrame,
    schema: Schema,
    seconds: float,
    seed: int,
    clock: Callable[[], float],
) -> tuple[ToldApart | None, int, list[Shortcut]]:
    """Tell the tables apart with as many rows as the time allows, found by first small tries.

    Where columns are many, the first try is with few of them, and says how many there is time for.
    """
    fewest = min(len(train), len(test))
    if fewest < 10:
        return None, 0, []
    names = [column.name for column in schema.features if column.kind in _USABLE]
    order = np.random.default_rng(seed).permutation(len(names))

    def compare(n: int, n_columns: int) -> ToldApart:
        kept = {names[i] for i in order[:n_columns]} if n_columns < len(names) else set(names)
        some = Schema(columns=tuple(c for c in schema.features if c.name in kept))
        columns = [column.name for column in some.columns]
        parts = [
            part[columns].sample(min(n, len(part)), random_state=seed) for part in (train, test)
        ]
        return tell_tables_apart(parts[0], parts[1], some, seed=seed)

    small, n_columns = min(_FEWEST_ROWS, fewest), len(names)
    start = clock()
    if n_columns > 2 * _FEW_COLUMNS:
        result = compare(small, _FEW_COLUMNS)
        per_column = max(clock() - start, 1e-3) / _FEW_COLUMNS
        n_columns = min(n_columns, max(_FEW_COLUMNS, int(seconds / 4 / per_column)))
    result = compare(small, n_columns)
    took = max(clock() - start, 1e-3)
    left_out = n_columns < len(names)
    short = [Shortcut("apart", {"n": n_columns, "all": len(names)})] if left_out else []
    affordable = int(small * (seconds - took) / took)
    n = min(affordable, _MOST_ROWS, max(len(train), len(test)))
    if n > 1.5 * small:
        return compare(n, n_columns), min(n, fewest), short
    return result, small, short
