"""Rows of one table that are copies of rows of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mlplab.tabular.columns import Schema

if TYPE_CHECKING:
    import pandas as pd

_USABLE = ("number", "category", "date")


def copied_rows(train: pd.DataFrame, other: pd.DataFrame, schema: Schema) -> npt.NDArray[np.bool_]:
    """Return which rows of another table are the same as a training row in every usable feature.

    Args:
        train: training rows, as the schema says.
        other: rows, as the schema says.
        schema: what the columns are; ids, texts, constants and the target are not compared.

    Returns:
        (N_other,) bool.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema
    >>> train, other = pd.DataFrame({"x": [1.5, 2.5, None]}), pd.DataFrame({"x": [2.5, 9, None]})
    >>> copied_rows(train, other, infer_schema(train)).tolist()
    [True, False, True]
    """
    names = [column.name for column in schema.features if column.kind in _USABLE]
    return np.isin(_digests(other, names), _digests(train, names))


def twin_rows(frame: pd.DataFrame, schema: Schema) -> int:
    """Return how many rows are the same as another one in every usable feature.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema
    >>> frame = pd.DataFrame({"x": [1.5, 2.5, 1.5]})
    >>> twin_rows(frame, infer_schema(frame))
    2
    """
    names = [column.name for column in schema.features if column.kind in _USABLE]
    _, counts = np.unique(_digests(frame, names), return_counts=True)
    return int(counts[counts > 1].sum())


def _digests(frame: pd.DataFrame, names: list[str]) -> npt.NDArray[np.uint64]:
    from pandas.util import hash_pandas_object

    return np.asarray(hash_pandas_object(frame[names], index=False), dtype=np.uint64)
