"""Rows that are copies of other rows, entry by entry."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def copied_rows(first: Any, second: Any) -> NDArray[np.int64]:
    """Return the rows of the second table that the first has too, entry by entry, (C,).

    Args:
        first: (N, I), numbers or a pandas frame.
        second: (M, I), the same columns.

    Cost: one hash a row.

    >>> copied_rows([[1, 2], [3, 4]], [[3, 4], [1, 4]])
    array([0])
    """
    import pandas as pd

    tables = pd.DataFrame(first), pd.DataFrame(second)
    # In one order, as texts where the tables' types differ: 3 and 3.0 are one number.
    names = list(tables[0].columns)
    hashes = row_hashes(pd.concat([table[names] for table in tables], ignore_index=True))
    n_first = len(tables[0])
    return np.flatnonzero(np.isin(hashes[n_first:], hashes[:n_first]))


def row_hashes(frame: Any) -> NDArray[np.uint64]:
    """Return a number for each row, (N,); rows have the same one where all entries are the same."""
    from pandas.util import hash_pandas_object

    return np.asarray(hash_pandas_object(frame, index=False), np.uint64)
