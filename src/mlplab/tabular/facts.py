"""Facts about a table: where entries are missing, which columns say nothing or say it twice."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlplab.tabular.infer import column_names

if TYPE_CHECKING:
    import pandas as pd


def missing_table(train: pd.DataFrame, test: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the share of missing entries per column, those with the most first.

    Args:
        train: one table.
        test: another with the same columns or some of them; its share is NaN for the others.

    Returns:
        Columns `column`, `n_missing`, `share`, and with a test table `test_n_missing` and
        `test_share`; columns without gaps in both are left out.

    >>> import pandas as pd
    >>> missing_table(pd.DataFrame({"a": [1, None], "b": [1, 2]})).to_dict("records")
    [{'column': 'a', 'n_missing': 1, 'share': 0.5}]
    """
    import pandas as pd

    names = column_names(train)
    gaps = train.isna().to_numpy().sum(axis=0)
    out = pd.DataFrame({"column": names, "n_missing": gaps, "share": gaps / max(1, len(train))})
    if test is not None:
        at = {name: i for i, name in enumerate(column_names(test))}
        other = test.isna().to_numpy().sum(axis=0)
        counts = [float(other[at[name]]) if name in at else np.nan for name in names]
        out["test_n_missing"] = counts
        out["test_share"] = out["test_n_missing"] / max(1, len(test))
    shares = out.filter(like="share").fillna(0.0).to_numpy()
    out = out.iloc[np.flatnonzero((shares > 0).any(axis=1))]
    return out.sort_values(["share", "column"], ascending=[False, True], ignore_index=True)


def missing_together(frame: pd.DataFrame) -> list[tuple[tuple[str, ...], int]]:
    """Return the groups of columns that are missing in exactly the same rows, the largest first.

    Such gaps have one cause, such as a house without a garage.

    Returns:
        Pairs of the columns and the number of rows in which they are missing.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1, None], "b": [2, None], "c": [None, 1]})
    >>> missing_together(frame)
    [(('a', 'b'), 1)]
    """
    names, gaps = column_names(frame), frame.isna().to_numpy()
    groups: dict[bytes, list[int]] = {}
    for i in np.flatnonzero(gaps.any(axis=0)):
        groups.setdefault(gaps[:, i].tobytes(), []).append(int(i))
    found = [
        (tuple(names[i] for i in group), int(gaps[:, group[0]].sum()))
        for group in groups.values()
        if len(group) > 1
    ]
    return sorted(found, key=lambda one: (-len(one[0]), one[0]))


def missing_map(frame: pd.DataFrame, *, blocks: int = 100, most_columns: int = 200) -> pd.DataFrame:
    """Return where a table has gaps, as shares per column and block of rows, for a chart.

    Args:
        frame: the table.
        blocks: pieces that the rows are cut into, at most.
        most_columns: those with the most gaps.

    Returns:
        Columns `column`, `first_row` (of the block, from 0), `n_rows` and `share`; only columns
        that have gaps.

    >>> import pandas as pd
    >>> missing_map(pd.DataFrame({"a": [1, None]}), blocks=1).to_dict("records")
    [{'column': 'a', 'first_row': 0, 'n_rows': 2, 'share': 0.5}]
    """
    import pandas as pd

    names, gaps = column_names(frame), frame.isna().to_numpy()
    counts = gaps.sum(axis=0)
    most = np.sort(np.argsort(-counts, kind="stable")[:most_columns])
    kept = most[counts[most] > 0]
    n_blocks = max(1, min(blocks, len(frame)))
    starts = np.linspace(0, len(frame), n_blocks + 1).astype(int)
    records = [
        (names[i], int(first), int(last - first), float(gaps[first:last, i].mean()))
        for i in kept
        for first, last in pairwise(starts)
    ]
    return pd.DataFrame(records, columns=["column", "first_row", "n_rows", "share"])


def constant_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns with the same entry in every row, or with none in any.

    >>> import pandas as pd
    >>> constant_columns(pd.DataFrame({"a": [1, 1], "b": [1, None], "c": [None, None]}))
    ['a', 'c']
    """
    n_values = [frame.iloc[:, i].nunique(dropna=False) for i in range(frame.shape[1])]
    return [name for name, n in zip(column_names(frame), n_values, strict=True) if n <= 1]


def duplicate_columns(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the groups of columns whose entries (and gaps) are the same in every row.

    >>> import pandas as pd
    >>> duplicate_columns(pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.0, 2.0]}))
    [('a', 'c')]
    """
    groups: dict[tuple[object, ...], list[str]] = {}
    for i, name in enumerate(column_names(frame)):
        column = frame.iloc[:, i]
        there = column.astype(object).where(column.notna(), None)
        groups.setdefault(tuple(there), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]
