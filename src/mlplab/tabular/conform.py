"""A frame made to fit a schema: every entry of its column's kind, or one line that names it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.errors import DataError
from mlplab.tabular.columns import Column, Schema, check_schema, no_such_column
from mlplab.tabular.date_forms import date_hint
from mlplab.tabular.entries import entries_of
from mlplab.tabular.infer import column_names
from mlplab.tabular.number_forms import Decimal, dressed_number
from mlplab.tabular.values import (
    INFINITE,
    date_of,
    number_hint,
    number_of,
    numbers_of,
    read_missing,
)

if TYPE_CHECKING:
    import pandas as pd

Place = Callable[[int], str]


def conform(
    frame: pd.DataFrame,
    schema: Schema,
    *,
    missing: Collection[str] | None = None,
    source: str = "frame",
    place: Place | None = None,
) -> pd.DataFrame:
    """Return the columns of a schema, in its order, each of its kind; other columns are left out.

    Numbers become float64, dates datetime64, the rest texts; what is missing becomes NaN (NaT).
    Nothing is learnt from the rows, so training and other rows are treated alike. The target may
    be absent. Conforming again changes nothing.

    Args:
        frame: entries may be texts or of any dtype of pandas.
        schema: what the columns are.
        missing: texts that stand for "not there"; None: those of the schema.
        source: what the frame is called in errors.
        place: how errors call the row of a given index; by default `row 3`, the first being 0.

    Raises:
        DataError: a column is not there, or an entry is not of its kind, infinite, or outside a
            declared order; the line says where, what was expected and what to try.

    >>> import pandas as pd
    >>> schema = Schema(columns=(Column(name="area", kind="number"),))
    >>> conform(pd.DataFrame({"area": ["50", "NA"]}), schema)["area"].tolist()
    [50.0, nan]
    """
    import pandas as pd

    check_schema(schema, needed=True)
    where = place or (lambda row: f"row {row}")
    names = column_names(frame)
    at = {name: i for i, name in enumerate(names)}
    absent = frozenset(schema.missing if missing is None else read_missing(missing))
    out = {}
    for column in schema.columns:
        if column.name not in at:
            if column.name == schema.target:
                continue
            raise DataError(no_such_column(column.name, names, source))
        series = frame.iloc[:, at[column.name]]
        out[column.name] = _converted(series, column, absent, source, where)
    return pd.DataFrame(out, index=frame.index)


def _converted(
    series: pd.Series[Any], column: Column, missing: frozenset[str], source: str, place: Place
) -> Any:
    import pandas as pd

    if column.kind == "number":
        return _numbers(series, column, missing, source, place)
    if column.kind == "date":
        return _dates(series, column, missing, source, place)
    entries = entries_of(series, missing)
    if column.order:
        known = set(column.order)
        for level, text in enumerate(entries.levels):
            if text not in known:
                row = entries.first_row(level)
                raise DataError(
                    f"{source}, {place(row)}, column {column.name!r}: expected one of "
                    f"{', '.join(column.order)}; got {text!r}; correct it or extend the order"
                )
    texts = entries.rows(entries.levels, np.nan, object)
    return pd.Series(texts, index=series.index, dtype=object)


def _numbers(
    series: pd.Series[Any], column: Column, missing: frozenset[str], source: str, place: Place
) -> Any:
    import pandas as pd

    numeric = pd.api.types.is_numeric_dtype(series.dtype)
    if numeric and not pd.api.types.is_complex_dtype(series.dtype):
        # What was conformed before is taken as it is: the detour over Float64 costs most of a call.
        plain = series if series.dtype == np.float64 else series.astype("Float64")
        values = plain.to_numpy(dtype=np.float64, na_value=np.nan)
        gaps = [number for number in map(number_of, missing) if number is not None]
        if gaps:
            values = np.where(np.isin(values, gaps), np.nan, values)
        entries = None
    else:
        entries = entries_of(series, missing)
        numbers = _parsed(entries.levels, column)
        if None in numbers:
            level = numbers.index(None)
            text, row = entries.levels[level], entries.first_row(level)
            written = f" written with {column.unit}" if column.unit else ""
            raise DataError(
                f"{source}, {place(row)}, column {column.name!r}: expected a number{written}; "
                f"got {_short(text)}; {number_hint(text, column.decimal)}, "
                f"or types={{{column.name!r}: 'category'}} (--types '{column.name}=category')"
            )
        values = entries.rows(numbers, np.nan, np.float64)
    endless = np.flatnonzero(np.abs(values) == INFINITE)
    if len(endless):
        row = int(endless[0])
        shown = repr(float(values[row]))
        if entries is not None:
            shown = _short(entries.levels[entries.codes[row]])
        raise DataError(
            f"{source}, {place(row)}, column {column.name!r}: expected a finite number below "
            f"1.8e308; got {shown}; correct it or leave the cell empty"
        )
    return values


def _parsed(texts: list[str], column: Column) -> list[float | None]:
    if column.decimal is None:
        return numbers_of(texts)
    return [_dressed(text, column, column.decimal) for text in texts]


def _dressed(text: str, column: Column, decimal: Decimal) -> float | None:
    number = dressed_number(text, decimal, column.unit)
    endless = number is None and decimal == "." and not column.unit
    return number_of(text) if endless else number


def _dates(
    series: pd.Series[Any], column: Column, missing: frozenset[str], source: str, place: Place
) -> Any:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        # One clock for all rows: daylight saving would make days of 23 and 25 hours.
        naive = series.dt.tz_convert("UTC").dt.tz_localize(None) if series.dt.tz else series
        return naive.astype("datetime64[us]")
    wanted = f"a date as {column.date_format}" if column.date_format else "a date as 2010-12-31"
    entries = entries_of(series, missing)
    days = []
    for level, text in enumerate(entries.levels):
        when = date_of(text, column.date_format)
        if when is None:
            row = entries.first_row(level)
            raise DataError(
                f"{source}, {place(row)}, column {column.name!r}: expected {wanted}; "
                f"got {_short(text)}; {date_hint(text, column.name, column.date_format)}"
            )
        days.append(np.datetime64(when, "us"))
    whole = entries.rows(days, np.datetime64("NaT"), "datetime64[us]")
    return pd.Series(whole, index=series.index)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
