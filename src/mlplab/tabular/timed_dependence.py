"""Partial dependence on columns, within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mlplab.tabular.columns import Schema
from mlplab.tabular.dependence import partial_dependence
from mlplab.tabular.importance import Predict

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_ROWS, _MOST_ROWS, _POINTS = 60, 500, 16


def dependence_in_time(
    predict: Predict,
    train: pd.DataFrame,
    schema: Schema,
    columns: list[str],
    seconds: float,
    seed: int,
    clock: Callable[[], float],
) -> tuple[dict[str, pd.DataFrame], int]:
    """Follow the columns with as many rows as the time allows, found by a first small try."""
    if not columns:
        return {}, 0
    order = np.random.default_rng(seed).permutation(len(train))

    def follow(name: str, n: int) -> pd.DataFrame:
        rows = np.sort(order[:n])
        return partial_dependence(
            lambda frame, places: predict(frame, rows[places]),
            train.iloc[rows],
            schema[name],
            points=_POINTS,
        )

    start = clock()
    fewest = min(len(train), _FEWEST_ROWS)
    first = follow(columns[0], fewest)
    took = max(clock() - start, 1e-3)
    affordable = int(fewest * (seconds - took) / (took * len(columns)))
    n = min(len(train), _MOST_ROWS, max(fewest, affordable))
    followed = {columns[0]: first} if n == fewest else {}
    longest = took
    for name in columns:
        turn = clock()
        if name in followed:
            continue
        if followed and turn - start + longest > seconds:
            break
        followed[name] = follow(name, n)
        longest = max(longest, clock() - turn)
    return followed, n
