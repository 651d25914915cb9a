"""From a frame to its schema: what each column most likely is, unless it is declared."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlplab.errors import ConfigError, DataError
from mlplab.tabular.column_kind import Reading, column_of_texts, declared_form, target_column
from mlplab.tabular.columns import Column, Schema, declared_column, no_such_column, read_types
from mlplab.tabular.entries import entries_of
from mlplab.tabular.number_forms import Decimal, proves_comma, proves_point
from mlplab.tabular.remarks import Remark, spell_remarks
from mlplab.tabular.target_kind import check_task
from mlplab.tabular.values import MISSING, read_missing

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular.scoring import TaskKind


@dataclass(frozen=True, slots=True)
class Inference:
    """What the columns of a frame are, and what was made of those that are not plain.

    Attributes:
        schema: the columns.
        notes: lines for people, each with the columns it speaks of in front.
    """

    schema: Schema
    notes: tuple[str, ...]


def infer_schema(
    frame: pd.DataFrame,
    *,
    target: str | None = None,
    types: Mapping[str, Any] | None = None,
    missing: Collection[str] = MISSING,
    task: TaskKind | None = None,
) -> Schema:
    """Find out what the columns of a frame are.

    The rules, first match: declared in `types`; one value in every row, or none at all: constant;
    numbers: number, unless all differ and the name says id or the column counts rows: id; dates:
    date; texts that all differ under a name that says id: id; of 20 rows or more, over half
    different: text; else category. Numbers may be written with thousands, a decimal comma, a
    currency or per cent, dates in any format that leaves no doubt which part is the day. Codes with
    leading zeros are no numbers. Where at most a tenth of the entries (or a single one) is no
    number, the column still counts as numbers, so that `conform` names the stray instead of making
    a category of all.

    Args:
        frame: entries may be texts or of any dtype of pandas.
        target: the column to predict; it is a number or a category. Numbers are a category where
            they are two, or few whole ones.
        types: name -> a kind, or levels in their order, or a `Column`.
        missing: texts that stand for "not there".
        task: what the target is predicted as, where that is known.

    Raises:
        ConfigError: an unknown column or kind.
        DataError: two columns of one name, or none at all.

    Cost: about 1 microsecond per entry.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Id": ["1", "2"], "area": ["50", ""], "zone": ["A", "B"]})
    >>> [column.kind for column in infer_schema(frame).columns]
    ['id', 'number', 'category']
    """
    return infer(frame, target=target, types=types, missing=missing, task=task).schema


def infer(
    frame: pd.DataFrame,
    *,
    target: str | None = None,
    types: Mapping[str, Any] | None = None,
    missing: Collection[str] = MISSING,
    task: TaskKind | None = None,
    decimal: Decimal | None = None,
    likely: Decimal | None = None,
    date_format: str | None = None,
) -> Inference:
    """Find out what the columns of a frame are, and say what was made of odd entries.

    Args:
        frame, target, types, missing, task: as in `infer_schema`.
        decimal: the mark before decimals in every column; None: as entries tell.
        likely: the mark where no entry tells; None: the point.
        date_format: columns whose entries are dates of this format are dates.

    Raises:
        ConfigError, DataError: as in `infer_schema`; or no column has the date format.
    """
    check_task(task)
    names = column_names(frame)
    types = read_types(types)
    for name in types:
        if name not in names:
            raise ConfigError(no_such_column(name, names, "types"))
    if target is not None and target not in names:
        raise DataError(no_such_column(target, names, "target"))
    missing = read_missing(missing)
    absent = frozenset(missing)
    entries = {}
    for place, name in enumerate(names):
        series = frame.iloc[:, place]
        if _is_read(series, name == target):
            entries[name] = entries_of(series, absent)
    counts = {name: column.counts() for name, column in entries.items()}
    if decimal is None:
        # One column that proves it decides for all: a program writes a table with one decimal mark.
        if any(map(proves_comma, counts.values())):
            likely = ","
        elif any(map(proves_point, counts.values())):
            likely = "."
    reading = Reading(decimal, likely, date_format)
    columns: list[Column] = []
    remarks: list[Remark] = []
    for place, name in enumerate(names):
        if name in types:
            column = declared_column(name, types[name])
            if name in entries:
                column, remark = declared_form(column, counts[name], reading)
                remarks += remark
        elif name not in entries:
            column = _of_dtype(frame.iloc[:, place], name)
        else:
            where = -1 if name == target else place
            column, remark = column_of_texts(entries[name], counts[name], name, where, reading)
            if name == target:
                read = column
                column = target_column(column, counts[name], task)
                # of classes nothing is read as a number, nor are two of them gaps
                as_words = read.kind in ("number", "date") and column != read
                remark = [] if as_words or len(counts[name]) <= 2 else remark
            remarks += remark
        columns.append(column)
    if date_format is not None and not any(c.date_format == date_format for c in columns):
        raise ConfigError(
            f"date format {date_format!r}: no column holds such dates; name the column"
        )
    schema = Schema(columns=tuple(columns), target=target, missing=missing)
    return Inference(schema, spell_remarks(remarks))


def column_names(frame: pd.DataFrame) -> list[str]:
    """Return the names of a frame's columns as text.

    Raises:
        DataError: no frame, there are none, or two are the same.
    """
    if not hasattr(frame, "columns") or not hasattr(frame, "iloc"):
        raise DataError(
            f"expected a pandas frame with named columns; got {type(frame).__name__}; "
            "give pandas.DataFrame(X, columns=[...])"
        )
    names = [str(name) for name in frame.columns]
    if not names:
        raise DataError("frame: expected at least one column; got none")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"frame: expected different names; two columns are {name!r}")
        seen.add(name)
    return names


def _is_read(series: pd.Series[Any], target: bool) -> bool:
    """Whether a column's entries tell what it is, rather than its dtype alone."""
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        return False
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return False
    return target or not pd.api.types.is_float_dtype(dtype)


def _of_dtype(series: pd.Series[Any], name: str) -> Column:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered and len(dtype.categories) > 1:
        return Column(name=name, kind="category", order=tuple(map(str, dtype.categories)))
    n_values = series.nunique(dropna=True)
    if n_values == 0 or (n_values == 1 and not series.isna().any()):
        return Column(name=name, kind="constant")
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Column(name=name, kind="date")
    is_number = pd.api.types.is_float_dtype(dtype)
    return Column(name=name, kind="number" if is_number else "category")
