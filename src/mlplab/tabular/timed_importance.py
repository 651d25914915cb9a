"""Permutation importance of columns, within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.tabular.importance import Loss, Predict, Rows, permutation_importance

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
# Of the time: all columns; what must be left for measuring the foremost again.
_FIRST, _LEAST, _FOREMOST, _MOST_FASTER = 0.4, 0.2, 20, 3.0
_FEWEST_ROWS, _MOST_ROWS = 120, 5000


def importance_in_time(
    predict: Predict,
    train: pd.DataFrame,
    truth: Any,
    loss: Loss,
    columns: list[str],
    seconds: float,
    seed: int,
    clock: Callable[[], float],
    per_row: float,
) -> pd.DataFrame:
    """Measure all columns; where time asked for fewer rows, the foremost again on more of them.

    A column that no model looks at is not predicted with: its rise is 0.
    """
    import pandas as pd

    start = clock()
    n_rows = len(train)
    affordable = max(_FEWEST_ROWS, int(_FIRST * seconds / 2 / max(per_row, 1e-9)))
    most = min(_MOST_ROWS, affordable)
    kept = np.sort(np.random.default_rng(seed).permutation(n_rows)[:most])
    train, truth = train.iloc[kept], truth[kept]
    measured = [name for name in columns if name in train]

    def of_kept(frame: pd.DataFrame, rows: Rows) -> Array:
        return predict(frame, kept[rows])

    first = permutation_importance(
        of_kept,
        train,
        truth,
        loss,
        columns=measured,
        seconds=_FIRST * seconds,
        seed=seed,
        clock=clock,
    )
    silent = [name for name in columns if name not in train]
    if silent and measured:
        zero = {"rise": 0.0, "low": 0.0, "high": 0.0}
        rest = pd.DataFrame({"column": silent, **zero}).assign(
            n_repeats=first["n_repeats"].iloc[0], n_rows=first["n_rows"].iloc[0]
        )
        first = pd.concat([first, rest]).sort_values(
            "rise", ascending=False, kind="stable", ignore_index=True
        )
    took = clock() - start
    left = seconds - took
    done = not measured or first["n_rows"].iloc[0] == len(train)
    if done or left < _LEAST * seconds:
        return first
    # Many rows in a call cost less each than the few by which time was planned.
    faster = min(max(1.0, _FIRST * seconds / took), _MOST_FASTER)
    foremost = [str(name) for name in first["column"].head(_FOREMOST) if name in train]
    again = permutation_importance(
        of_kept,
        train,
        truth,
        loss,
        columns=foremost,
        seconds=left * faster,
        seed=seed + 1,
        clock=clock,
    )
    both = pd.concat([again, first[~first["column"].isin(again["column"])]])
    return both.sort_values("rise", ascending=False, kind="stable", ignore_index=True)
