"""Which columns go with the target most, one by one: for tables with too many to use them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.tabular.columns import Column, Schema
from mlplab.tabular.scoring import TaskKind

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]


def strongest_columns(
    frame: pd.DataFrame, schema: Schema, y: Any, task: TaskKind, n: int
) -> list[str]:
    """Return the n columns that go with the target most, in the order of the schema.

    Each is judged alone: of numbers and dates, the share of the variance of the ranks of one that
    the other explains (squared correlation, or between classes); of categories, the share of the
    target's between levels, less what as many random levels would explain.

    Args:
        frame: training rows only, as the schema says.
        schema: what the columns are.
        y: numbers, or class ids, (N,).
        task: which of them.
        n: columns to keep.

    Source: Fan and Lv, Sure independence screening, JRSS B 70, 2008.

    Cost: a sort of every column.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1.0, 5, 2, 4], "b": [1.0, 2, 4, 3]})
    >>> schema = Schema(columns=(Column(name="a", kind="number"), Column(name="b", kind="number")))
    >>> strongest_columns(frame, schema, np.array([1.0, 2.0, 3.0, 4.0]), "regression", 1)
    ['b']
    """
    usable = [c for c in schema.features if c.kind in ("number", "date", "category")]
    target = np.asarray(y)
    shares = np.zeros(len(usable))
    numeric = [i for i, column in enumerate(usable) if column.kind != "category"]
    if numeric:
        # at once: a column at a time takes a minute of a hundred thousand
        plain = [usable[i].name for i in numeric if usable[i].kind == "number"]
        places = [at for at, i in enumerate(numeric) if usable[i].kind == "number"]
        numbers = np.empty((len(frame), len(numeric)))
        numbers[:, places] = frame[plain].to_numpy(np.float64)
        for at, i in enumerate(numeric):
            if usable[i].kind == "date":
                numbers[:, at] = _days(frame, usable[i])
        shares[numeric] = _explained(_ranks(numbers), target, task)
    wanted = _ranks(target[:, None])[:, 0] if task == "regression" else target
    for i, column in enumerate(usable):
        if column.kind == "category":
            shares[i] = _between_levels(frame[column.name], wanted, task)
    kept = np.sort(np.argsort(-shares, kind="stable")[:n])
    return [usable[i].name for i in kept]


def _days(frame: pd.DataFrame, column: Column) -> Array:
    series = frame[column.name]
    numbers = series.to_numpy().astype("datetime64[us]").astype(np.int64)
    return np.where(series.isna().to_numpy(), np.nan, numbers)


def _ranks(numbers: Array) -> Array:
    """Ranks of each column with mean 0; equal entries share one, missing ones have 0."""
    from scipy.stats import rankdata

    gaps = np.isnan(numbers)
    # Gaps rank last, which leaves the others' ranks as they are, and are taken out below.
    ranks = np.asarray(rankdata(np.where(gaps, np.inf, numbers), axis=0))
    there = np.maximum((~gaps).sum(axis=0), 1)
    means = np.where(gaps, 0.0, ranks).sum(axis=0) / there
    return np.where(gaps, 0.0, ranks - means)


def _explained(ranks: Array, target: Any, task: TaskKind) -> Array:
    """Share of the columns' variance that goes with the target, (I,)."""
    total = (ranks**2).sum(axis=0)
    if task == "regression":
        wanted = _ranks(np.asarray(target, np.float64)[:, None])[:, 0]
        between = (wanted @ ranks) ** 2 / max(float(wanted @ wanted), 1e-300)
    else:
        classes, ids = np.unique(target, return_inverse=True)
        sums = np.zeros((len(classes), ranks.shape[1]))
        np.add.at(sums, ids, ranks)
        between = (sums**2 / np.bincount(ids)[:, None]).sum(axis=0)
    return np.asarray(np.where(total > 0, between / np.where(total > 0, total, 1.0), 0.0))


def _between_levels(series: pd.Series[Any], wanted: Any, task: TaskKind) -> float:
    """Share of the target's variance between levels, less that of as many random ones."""
    import pandas as pd

    codes, levels = pd.factorize(series, use_na_sentinel=False)
    n, n_levels = len(codes), len(levels)
    counts = np.bincount(codes, minlength=n_levels)
    if task == "regression":
        total = float(wanted @ wanted)
        between = float((np.bincount(codes, weights=wanted) ** 2 / counts).sum())
    else:
        classes, ids = np.unique(wanted, return_inverse=True)
        table = np.zeros((n_levels, len(classes)))
        np.add.at(table, (codes, ids), 1.0)
        base = table.sum(axis=0) ** 2 / n
        total = float(n - base.sum())
        between = float((table**2 / counts[:, None]).sum() - base.sum())
    if total <= 0 or n < 2:
        return 0.0
    # Random levels explain (L - 1) / (N - 1): a column of ids must not win by them.
    return max(0.0, between / total - (n_levels - 1) / (n - 1))
