"""Data frames as plain values and back: dtypes, index, missing values and all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def frame_to_plain(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a frame as plain values and numpy arrays, from which it can be made again exactly.

    Raises:
        TypeError: a column of a kind that has no exact form here, such as intervals, or an index of
            several levels.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"lr": [0.1, None], "arm": ["a", "b"]}, index=[3, 5])
    >>> again = frame_from_plain(frame_to_plain(frame))
    >>> again.equals(frame) and (again.dtypes == frame.dtypes).all()
    np.True_
    """
    columns = [_values_to_plain(frame.iloc[:, at]) for at in range(frame.shape[1])]
    return {
        "index": _index_to_plain(frame.index),
        "labels": _index_to_plain(frame.columns),
        "columns": columns,
        "attrs": dict(frame.attrs),
    }


def frame_from_plain(plain: dict[str, Any]) -> pd.DataFrame:
    """Return the frame that `frame_to_plain` described.

    Raises:
        ValueError, KeyError, TypeError: it describes none.
    """
    import pandas as pd

    index = _index_from_plain(plain["index"])
    columns = {
        at: pd.Series(values, index=index, dtype=values.dtype)
        for at, values in enumerate(map(_values_from_plain, plain["columns"]))
    }
    frame = pd.DataFrame(columns, index=index)
    frame.columns = _index_from_plain(plain["labels"])
    frame.attrs.update(plain["attrs"])
    return frame


def _values_to_plain(column: pd.Series[Any] | pd.Index[Any]) -> dict[str, Any]:
    import pandas as pd

    dtype: Any = column.dtype
    if isinstance(dtype, np.dtype):
        return {"kind": "numpy", "values": column.to_numpy()}
    values: Any = column.array
    if isinstance(dtype, pd.StringDtype):
        missing = "NA" if dtype.na_value is pd.NA else "nan"
        words = [None if pd.isna(one) else str(one) for one in values]
        return {"kind": "words", "storage": dtype.storage, "missing": missing, "values": words}
    if isinstance(dtype, pd.CategoricalDtype):
        return {
            "kind": "categories",
            "codes": np.asarray(values.codes),
            "categories": _index_to_plain(dtype.categories),
            "ordered": bool(dtype.ordered),
        }
    if isinstance(
        values, pd.arrays.BooleanArray | pd.arrays.IntegerArray | pd.arrays.FloatingArray
    ):
        zero = False if dtype.kind == "b" else 0
        known = values.to_numpy(dtype=dtype.numpy_dtype, na_value=zero)
        lacking = np.asarray(values.isna())
        return {"kind": "masked", "dtype": dtype.name, "values": known, "missing": lacking}
    raise TypeError(f"cannot keep a column of {dtype} exactly")


def _values_from_plain(plain: dict[str, Any]) -> Any:
    import pandas as pd

    match plain["kind"]:
        case "numpy":
            return plain["values"]
        case "words":
            na_value: Any = pd.NA if plain["missing"] == "NA" else np.nan
            dtype = pd.StringDtype(plain["storage"], na_value=na_value)
            return pd.array(plain["values"], dtype=dtype)
        case "categories":
            categories = pd.CategoricalDtype(
                _index_from_plain(plain["categories"]), ordered=plain["ordered"]
            )
            return pd.Categorical.from_codes(plain["codes"], dtype=categories)
        case "masked":
            values = pd.array(plain["values"], dtype=plain["dtype"])
            values[plain["missing"]] = pd.NA
            return values
    raise ValueError(f"unknown kind of column {plain['kind']!r}")


def _index_to_plain(index: pd.Index[Any]) -> dict[str, Any]:
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        return {
            "kind": "range",
            "range": (index.start, index.stop, index.step),
            "name": index.name,
        }
    if type(index) is pd.Index:
        return {"kind": "plain", "values": _values_to_plain(index), "name": index.name}
    raise TypeError(f"cannot keep a {type(index).__name__} exactly")


def _index_from_plain(plain: dict[str, Any]) -> pd.Index[Any]:
    import pandas as pd

    match plain["kind"]:
        case "range":
            start, stop, step = plain["range"]
            return pd.RangeIndex(start, stop, step, name=plain["name"])
        case "plain":
            values = _values_from_plain(plain["values"])
            index: pd.Index[Any] = pd.Index(values, dtype=values.dtype, name=plain["name"])
            return index
    raise ValueError(f"unknown kind of index {plain['kind']!r}")
