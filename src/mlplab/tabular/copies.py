"""Rows of one table that are copies of rows of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mlplab.shift.detection import copies
from mlplab.tabular.columns import Schema

if TYPE_CHECKING:
    import pandas as pd


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
    names = schema.usable
    copied = np.zeros(len(other), np.bool_)
    copied[copies.copied_rows(train[names], other[names])] = True
    return copied


def twin_rows(frame: pd.DataFrame, schema: Schema) -> int:
    """Return how many rows are the same as another one in every usable feature.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema
    >>> frame = pd.DataFrame({"x": [1.5, 2.5, 1.5]})
    >>> twin_rows(frame, infer_schema(frame))
    2
    """
    _, counts = np.unique(copies.row_hashes(frame[schema.usable]), return_counts=True)
    return int(counts[counts > 1].sum())
