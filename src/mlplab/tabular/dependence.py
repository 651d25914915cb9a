"""Partial dependence: the mean prediction as one column takes one value after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, DataError
from mlplab.tabular.columns import Column
from mlplab.tabular.importance import Predict

if TYPE_CHECKING:
    import pandas as pd

# What lies outside is too rare to say how predictions depend on it.
_CENTRE = (0.025, 0.975)
_ROUNDING = 1e-12  # curves that differ by less act alike on every row


def partial_dependence(
    predict: Predict,
    frame: pd.DataFrame,
    column: Column,
    *,
    points: int = 16,
    levels: int = 10,
) -> pd.DataFrame:
    """Return the mean prediction over all rows with one column set to each of several values.

    `mean_n predict(x_n with column = v)`. The band is one standard deviation of the rows' own
    curves to either side, each moved to the mean level of all: of no width where the column acts
    on every row alike, wide where its effect depends on the other columns. Values are combined with
    rows in which they may never occur; a steep curve is what the model does, not a cause.

    Args:
        predict: from (frame, rows) to predictions, (N,) or (N, C).
        frame: rows with every column the model needs.
        column: a number, a date or a category.
        points: values of a number or date: its own if they are as few, else quantiles of the
            middle 95 %.
        levels: of a category, the most frequent ones; in their order if they have one.

    Returns:
        Columns `value`, `output` (0, or the class's place), `mean`, `low`, `high`, `share` (of rows
        that have the value, or are nearest to it).

    Raises:
        ConfigError: a column of another kind.
        DataError: no row has an entry there.

    Cost: one prediction of all rows per value.

    Source: Friedman, Greedy function approximation, Annals of Statistics 29, 2001; the rows' own
    curves: Goldstein et al., JCGS 24, 2015.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"x": [0.0, 1.0, 2.0], "z": [5.0, 6.0, 9.0]})
    >>> found = partial_dependence(
    ...     lambda rows, _: (3 * rows["x"] + rows["z"]).to_numpy(), frame,
    ...     Column(name="x", kind="number"))
    >>> np.diff(found["mean"]).round(9).tolist(), (found["high"] - found["low"]).tolist()
    ([3.0, 3.0], [0.0, 0.0, 0.0])
    """
    import pandas as pd

    if column.kind not in ("number", "date", "category"):
        raise ConfigError(
            f"dependence: expected a number, date or category; {column.name!r} is {column.kind}"
        )
    if column.name not in frame.columns:
        raise ConfigError(f"dependence: the frame has no column {column.name!r}")
    there = frame[column.name].dropna()
    if not len(there):
        raise DataError(f"dependence: no row has an entry in column {column.name!r}")
    if column.kind == "category":
        values, shares = _levels(there, column, levels)
    else:
        values, shares = _grid(there, points)
    copies = [frame.assign(**{column.name: _filled(frame, column, value)}) for value in values]
    rows = np.tile(np.arange(len(frame), dtype=np.int64), len(values))
    found = np.asarray(predict(pd.concat(copies, ignore_index=True), rows), dtype=np.float64)
    curves = found.reshape(len(values), len(frame), -1)
    means = curves.mean(axis=1)
    own = curves - curves.mean(axis=0) + means.mean(axis=0)
    spread = own.std(axis=1)
    # Rounding alone shall draw no band.
    spread[spread < _ROUNDING * np.abs(found).max()] = 0.0
    parts = [
        pd.DataFrame(
            {
                "value": values,
                "output": output,
                "mean": means[:, output],
                "low": means[:, output] - spread[:, output],
                "high": means[:, output] + spread[:, output],
                "share": shares,
            }
        )
        for output in range(curves.shape[2])
    ]
    return pd.concat(parts, ignore_index=True)


def _grid(there: pd.Series[Any], points: int) -> tuple[Any, npt.NDArray[np.float64]]:
    distinct = np.sort(there.unique())
    if len(distinct) > points:
        shares = np.linspace(*_CENTRE, points)
        distinct = np.unique(np.quantile(there.to_numpy(), shares, method="nearest"))
    middles = distinct[:-1] + (distinct[1:] - distinct[:-1]) / 2
    place = np.searchsorted(middles, there.to_numpy(), side="right")
    return distinct, np.bincount(place, minlength=len(distinct)) / len(there)


def _levels(
    there: pd.Series[Any], column: Column, levels: int
) -> tuple[Any, npt.NDArray[np.float64]]:
    counts = there.value_counts().iloc[:levels]
    if column.order:
        counts = counts.reindex([level for level in column.order if level in counts.index])
    return counts.index.to_numpy(dtype=object), counts.to_numpy() / len(there)


def _filled(frame: pd.DataFrame, column: Column, value: Any) -> Any:
    import pandas as pd

    dtype: Any = object if column.kind == "category" else frame[column.name].dtype
    return pd.Series([value] * len(frame), index=frame.index, dtype=dtype)
