"""Permutation importance: how much worse predictions are with a column's entries shuffled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, DataError
from mlplab.stats.interval import mean_interval

if TYPE_CHECKING:
    import pandas as pd

Rows = npt.NDArray[np.int64]
Predict = Callable[["pd.DataFrame", Rows], npt.NDArray[np.float64]]
"""Predicts a frame's rows, (N,) or (N, C), of which the k-th is row `rows[k]` of the table."""

Loss = Callable[[npt.NDArray[Any], npt.NDArray[np.float64]], float]
"""One number for targets and predictions; smaller is better."""

# With fewer, one odd row would rank the columns.
_FEWEST_ROWS = 80
_FEWEST_REPEATS = 3  # the fewest whose t-interval is of any use
# So many rows, or cells, are predicted in one call: calls cost something of their own.
_ROWS_PER_CALL, _CELLS_PER_CALL = 20_000, 4_000_000


def permutation_importance(
    predict: Predict,
    frame: pd.DataFrame,
    target: Any,
    loss: Loss,
    *,
    columns: Sequence[str] | None = None,
    repeats: int = 5,
    seconds: float | None = None,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> pd.DataFrame:
    """Return by how much the loss rises where one column's entries are shuffled among the rows.

    `loss(y, predict(shuffled)) - loss(y, predict(frame))`, mean over several shuffles with its 95 %
    t-interval over them. What a model never looks at has 0; what other columns tell as well has
    little. The interval speaks of other shuffles of these rows, not of other rows or models.

    Args:
        predict: from (frame, rows) to predictions; rows of a fold are best predicted by a model
            that was not trained on them.
        frame: rows with every column the model needs, (N, ...).
        target: the truth, (N,).
        loss: what the predictions are judged by.
        columns: to be shuffled, those that matter first; None: all.
        repeats: shuffles per column, at least 2.
        seconds: about as long as this may take; rows are then left out (down to 80), and after
            them repeats (down to 3), then the last columns. None: no limit.
        seed: draws shuffles and rows.
        clock: seconds that only grow.

    Returns:
        Columns `column`, `rise`, `low`, `high`, `n_repeats`, `n_rows`; the most important first.
        Columns for which there was no time are not there.

    Raises:
        ConfigError: fewer than two repeats, or an unknown column.
        DataError: another number of targets than rows.

    Cost: `1 + repeats * len(columns)` predictions of all rows.

    Source: Breiman, Random forests, Machine Learning 45, 2001; any model: Fisher et al., JMLR 2019.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"x": np.arange(40.0), "unused": np.arange(40.0)})
    >>> found = permutation_importance(
    ...     lambda rows, _: 2 * rows["x"].to_numpy(), frame, 2 * frame["x"],
    ...     lambda y, p: float(np.abs(y - p).mean()))
    >>> found["column"].tolist(), float(found["rise"].iloc[1])
    (['x', 'unused'], 0.0)
    """
    import pandas as pd

    truth = np.asarray(target)
    names = [str(name) for name in (frame.columns if columns is None else columns)]
    _check(frame, truth, names, repeats)
    rows = np.arange(len(frame), dtype=np.int64)
    start, n_all = clock(), len(frame)
    base, took = loss(truth, predict(frame, rows)), 0.0
    if seconds is not None:
        took = max(clock() - start, 1e-6)
        repeats, n_rows = _affordable(seconds - took, took, len(frame), len(names), repeats)
        if n_rows < len(frame):
            rows = np.sort(np.random.default_rng(seed).permutation(len(frame))[:n_rows])
            frame, truth = frame.iloc[rows], truth[rows]
            base = loss(truth, predict(frame, rows))
    rises = np.empty((len(names), repeats))
    per_call = min(_ROWS_PER_CALL // len(frame), _CELLS_PER_CALL // max(1, frame.size))
    per_call = max(1, per_call)
    if seconds is not None and len(names) > 1:
        # Several turns: what the first one takes says whether there is time for another.
        each = took * len(frame) / n_all * repeats
        per_call = min(per_call, max(1, len(names) // 8), max(1, int(seconds / 3 / each)))
    n_measured, longest = 0, 0.0
    for first in range(0, len(names), per_call):
        turn = clock()
        if seconds is not None and n_measured and turn - start + longest > seconds:
            break
        part = names[first : first + per_call]
        for repeat in range(repeats):
            copies = [
                _shuffled(frame, name, np.random.default_rng([seed, repeat, first + i]))
                for i, name in enumerate(part)
            ]
            found = predict(pd.concat(copies, ignore_index=True), np.tile(rows, len(part)))
            for i, predictions in enumerate(np.split(found, len(part))):
                rises[first + i, repeat] = loss(truth, predictions) - base
        n_measured += len(part)
        longest = max(longest, clock() - turn)
    names, rises = names[:n_measured], rises[:n_measured]
    spread = mean_interval(rises) if names else None
    out = pd.DataFrame(
        {
            "column": names,
            "rise": rises.mean(axis=1),
            "low": [] if spread is None else np.asarray(spread.low),
            "high": [] if spread is None else np.asarray(spread.high),
            "n_repeats": repeats,
            "n_rows": len(frame),
        }
    )
    return out.sort_values("rise", ascending=False, kind="stable", ignore_index=True)


def _affordable(
    seconds: float, took: float, n_rows: int, n_columns: int, repeats: int
) -> tuple[int, int]:
    """How many repeats and rows the time is enough for, a prediction of all rows taking `took`."""
    rows = seconds / took * n_rows / max(1, n_columns)
    if rows >= repeats * n_rows:
        return repeats, n_rows
    fewest = min(n_rows, _FEWEST_ROWS)
    if rows >= repeats * fewest:
        return repeats, int(rows / repeats)
    return max(min(_FEWEST_REPEATS, repeats), int(rows / fewest)), fewest


def _shuffled(frame: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.DataFrame:
    order = rng.permutation(len(frame))
    return frame.assign(**{name: frame[name].iloc[order].set_axis(frame.index)})


def _check(frame: pd.DataFrame, truth: Any, names: list[str], repeats: int) -> None:
    if repeats < 2:
        raise ConfigError(f"repeats: expected at least 2; got {repeats}")
    if len(truth) != len(frame):
        raise DataError(f"target: expected {len(frame)} entries, one per row; got {len(truth)}")
    if not len(frame):
        raise DataError("importance: expected at least one row; got none")
    for name in names:
        if name not in frame.columns:
            raise ConfigError(f"columns: the frame has no column {name!r}")
