"""Reading a table: a CSV file with its schema, and its target set apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplab.errors import ConfigError, DataError
from mlplab.reading import refuse_unless
from mlplab.tabular.columns import (
    Column,
    Schema,
    check_schema,
    no_such_column,
    read_types,
)
from mlplab.tabular.conform import conform
from mlplab.tabular.csv_text import Cells, read_cells
from mlplab.tabular.date_forms import form_of_dates
from mlplab.tabular.entries import entries_of
from mlplab.tabular.infer import infer
from mlplab.tabular.number_forms import Decimal, proves_comma, proves_point
from mlplab.tabular.target_kind import check_task
from mlplab.tabular.values import MISSING, date_of, is_date_format, numbers_of, read_missing

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular.scoring import TaskKind


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """A frame whose entries are what its schema says.

    Attributes:
        frame: numbers as float64, dates as datetime64, the rest as texts; NaN where missing.
        schema: what the columns are.
        source: where it was read from, for people.
        n_dropped: rows left out because their target is missing.
        notes: lines on how the file is written, and on columns with odd entries.
    """

    frame: pd.DataFrame
    schema: Schema
    source: str
    n_dropped: int = 0
    notes: tuple[str, ...] = ()

    @property
    def features(self) -> pd.DataFrame:
        """Every column but the target."""
        return self.frame[[column.name for column in self.schema.features]]

    @property
    def target(self) -> pd.Series[Any]:
        """The column to predict.

        Raises:
            DataError: the table has none.
        """
        name = self.schema.target
        if name is None or name not in self.frame:
            raise DataError(f"{self.source}: has no target; name its column by target=")
        return self.frame[name]


def read_table(
    path: str | Path,
    *,
    target: str | None = None,
    types: Mapping[str, Any] | None = None,
    schema: Schema | None = None,
    task: TaskKind | None = None,
    missing: Collection[str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: Decimal | None = None,
    date_format: str | Mapping[str, str] | None = None,
) -> Table:
    """Read a CSV file: one header, equal rows, every entry of its column's kind.

    The kinds are inferred (`infer_schema` has the rules) and may be declared. A second file is read
    with the schema of the first: its columns may come in any order, it may lack the target and
    what no model is given, and write numbers and dates in another way. How a file is written is
    seen in it; `notes` of the table say what was seen.

    Args:
        path: the file.
        target: the column to predict; none of its entries may be missing.
        types: name -> a kind, or levels in their order, or a `Column`.
        schema: that of another table, in place of inference; `types` then still overrides.
        task: what the target is predicted as; None: as its entries tell.
        missing: texts that stand for "not there"; None: those of the schema, or `MISSING`.
        delimiter: between cells; None: of comma, semicolon, tab and bar the one that splits header
            and rows alike.
        encoding: what the bytes mean where no byte-order mark says it; None: UTF-8, UTF-16 or
            cp1252, as they look.
        decimal: the mark before decimals, "." or ","; None: as entries tell.
        date_format: of dates, as in strptime: for every column that holds such dates, or by name.

    Raises:
        DataError: one line that names the file, the line and column, what was expected and what to
            try.
        ConfigError: a setting that does not fit, such as an unknown column or kind in `types`.

    Cost: about 2 s per million cells.
    """
    cells = read_cells(path, delimiter, encoding)
    return table_of_cells(
        cells,
        target=target,
        types=types,
        schema=schema,
        task=task,
        missing=missing,
        decimal=decimal,
        date_format=date_format,
    )


def table_of_cells(
    cells: Cells,
    *,
    target: str | None = None,
    types: Mapping[str, Any] | None = None,
    schema: Schema | None = None,
    task: TaskKind | None = None,
    missing: Collection[str] | None = None,
    decimal: Decimal | None = None,
    date_format: str | Mapping[str, str] | None = None,
    drop_gaps: bool = False,
) -> Table:
    """Make a table of a file's cells, as `read_table` does.

    Args:
        cells: the texts, from `read_cells`.
        target, types, schema, task, missing, decimal, date_format: as in `read_table`.
        drop_gaps: leave out the rows whose target is missing, instead of refusing them.

    Raises:
        DataError, ConfigError: as in `read_table`; or no row with a target is left.

    >>> rows = [["1", "5"], ["2", ""], ["3", "7"], ["4", "6"]]
    >>> cells = Cells("a.csv", ["x", "y"], rows, [2, 3, 4, 5])
    >>> table = table_of_cells(cells, target="y", drop_gaps=True)
    >>> table.n_dropped, table.target.tolist()
    (1, [5.0, 7.0, 6.0])
    """
    import numpy as np
    import pandas as pd

    check_task(task)
    check_schema(schema)
    if missing is not None:
        missing = read_missing(missing)
    if decimal not in (None, ".", ","):
        raise ConfigError(f"decimal: expected '.' or ','; got {decimal!r}")
    n_rows = len(cells.rows)
    # Objects stay texts as they are in every version of pandas, in one block.
    entries = np.empty((len(cells.header), n_rows), dtype=object)
    entries[:] = list(zip(*cells.rows, strict=True))
    raw = pd.DataFrame(entries.T, columns=np.array(cells.header, dtype=object), dtype=object)
    declared, any_date = _with_dates(read_types(types), date_format, cells, schema)
    notes = [f"{cells.source}: read as {cells.form}"] if cells.form else []
    inferred = schema is None
    if schema is None:
        if target is not None and target not in cells.header:
            raise DataError(no_such_column(target, cells.header, f"{cells.source}: target"))
        absent = MISSING if missing is None else missing
        # columns are what all rows say, also those without a target
        inference = infer(
            raw,
            target=target,
            types=declared,
            missing=absent,
            task=task,
            decimal=decimal,
            likely="," if cells.delimiter == ";" else None,
            date_format=any_date,
        )
        schema = inference.schema
        notes += inference.notes
    else:
        schema, more = _as_this_file(raw, schema.with_types(declared), missing, decimal)
        schema, dates = _dated_as_this_file(raw, schema, declared)
        more += dates
        notes += [f"{cells.source}: {note}" for note in more]
    if drop_gaps and target in cells.header:
        cells, kept = _with_target(cells, target, frozenset(schema.missing))
        raw = raw.iloc[kept].reset_index(drop=True)

    def place(row: int) -> str:
        return f"line {cells.lines[row]}"

    frame = conform(raw, schema, source=cells.source, place=place)
    _check_target(frame, schema, cells, inferred=inferred)
    return Table(frame, schema, cells.source, n_rows - len(cells.rows), tuple(notes))


def _with_dates(
    types: dict[str, Any],
    date_format: str | Mapping[str, str] | None,
    cells: Cells,
    schema: Schema | None,
) -> tuple[dict[str, Any], str | None]:
    """Return types with columns of declared date formats, and the format of any column."""
    if date_format is None:
        return types, None
    refuse_unless("date format", date_format, (str, Mapping), "one such as %d/%m/%Y")
    formats = {"": date_format} if isinstance(date_format, str) else dict(date_format)
    for name, one in formats.items():
        if name and name not in cells.header:
            raise ConfigError(no_such_column(name, cells.header, f"{cells.source}: date format"))
        if not isinstance(one, str) or not is_date_format(one):
            raise ConfigError(f"date format: expected one such as %d/%m/%Y; got {one!r}")
    overall = formats.pop("", None)
    if schema is not None and overall is not None:
        formats = dict.fromkeys(schema.names("date"), overall) | formats
        overall = None
    own = {n: Column(name=n, kind="date", date_format=one) for n, one in formats.items()}
    return types | own, overall


def _as_this_file(
    raw: pd.DataFrame, schema: Schema, missing: Collection[str] | None, decimal: Decimal | None
) -> tuple[Schema, list[str]]:
    """Return a schema as another file needs it: without what it lacks, with its decimal mark."""
    schema = schema.present({str(name) for name in raw.columns})
    if missing is not None:
        schema = schema.replace(missing=tuple(missing))
    numbers = [c for c in schema.columns if c.kind == "number" and c.name in raw]
    absent = frozenset(schema.missing)
    texts = {c.name: entries_of(raw[c.name], absent).levels for c in numbers}
    seen, notes = decimal, []
    if seen is None:
        comma = any(map(proves_comma, (dict.fromkeys(t, 1) for t in texts.values())))
        point = any(map(proves_point, texts.values()))
        # One column that proves it decides for all: a program writes a file with one decimal mark.
        if comma != point:
            seen = "," if comma else "."
    changed = {}
    for column in numbers:
        usual = column.decimal or "."
        plain = None not in numbers_of(texts[column.name])
        if seen is not None and seen != usual and not (seen == "." and plain and not column.unit):
            changed[column.name] = column.replace(decimal=seen)
        elif seen is not None and seen != usual:
            changed[column.name] = Column(name=column.name, kind="number")
    if changed and decimal is None:
        mark = "commas" if seen == "," else "points"
        notes.append(
            f"{', '.join(changed)}: numbers are read with decimal {mark}, as this file has"
        )
    return schema.with_types(changed), notes


def _dated_as_this_file(
    raw: pd.DataFrame, schema: Schema, declared: Collection[str]
) -> tuple[Schema, list[str]]:
    """Return a schema with the one format in which all dates of another file are written."""
    changed, notes = {}, []
    for column in schema.columns:
        if column.kind != "date" or column.name not in raw or column.name in declared:
            continue
        # An empty cell is no date, whether or not it counts as a gap: it tells of no format.
        texts = entries_of(raw[column.name], {*schema.missing, ""}).counts()
        if all(date_of(text, column.date_format) is not None for text in texts):
            continue
        formats = form_of_dates(texts).formats
        sure = [None, "%Y%m%d", *(formats if len(formats) == 1 else ())]
        fits = [one for one in sure if all(date_of(text, one) is not None for text in texts)]
        if fits:
            changed[column.name] = Column(name=column.name, kind="date", date_format=fits[0])
            form = fits[0] or "year first"
            notes.append(f"{column.name}: dates are read by {form}, as this file has them")
    return schema.with_types(changed), notes


def _with_target(cells: Cells, target: str, missing: frozenset[str]) -> tuple[Cells, list[int]]:
    at = cells.header.index(target)
    kept = [row for row, texts in enumerate(cells.rows) if texts[at] not in missing]
    if not kept:
        raise DataError(
            f"{cells.source}, column {target!r}: the target is missing in all "
            f"{len(cells.rows)} rows; expected a number or a class in some"
        )
    rows, lines = [cells.rows[i] for i in kept], [cells.lines[i] for i in kept]
    return dataclasses.replace(cells, rows=rows, lines=lines), kept


def _check_target(frame: pd.DataFrame, schema: Schema, cells: Cells, *, inferred: bool) -> None:
    name = schema.target
    if name is None or name not in frame:
        return
    gaps = frame[name].isna().to_numpy().nonzero()[0]
    if len(gaps):
        more = f" (and in {len(gaps) - 1} more rows)" if len(gaps) > 1 else ""
        raise DataError(
            f"{cells.source}, line {cells.lines[int(gaps[0])]}, column {name!r}: the target is "
            f"missing{more}; fill it or delete the row"
        )
    if inferred and (schema[name].kind == "constant" or len(frame[name].unique()) == 1):
        raise DataError(
            f"{cells.source}, column {name!r}: expected a target with different values; "
            f"every row has {cells.rows[0][cells.header.index(name)]!r}"
        )
    if schema[name].kind not in ("number", "category", "constant"):
        raise DataError(
            f"{cells.source}, column {name!r}: expected numbers or classes to predict; "
            f"this is a {schema[name].kind}; say types={{{name!r}: 'number'}} or 'category' "
            f"(--types '{name}=number' or '{name}=category')"
        )
