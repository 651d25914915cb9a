"""The two tables of `shift`: CSV and Parquet files, or arrays in .npy files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli.reading import Reading
from mlplab.devices import refuse_device
from mlplab.errors import DataError
from mlplab.hints import hint

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular import Schema, Table

_FEWEST_ROWS, _SHOWN = 2, 5


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """Two tables with the same columns.

    Attributes:
        first, second: frames, or arrays.
        labels: of the first table's rows, none missing; None where no column was named.
        second_labels: of the second table's rows, where they were asked for and are there.
        is_number: whether the labels are numbers to predict.
        ids: names of the first table's rows; None without such a column.
        id_name: that column.
        left_out: columns that are not compared, such as ids.
        notes: lines on how files are written.
    """

    first: Any
    second: Any
    labels: Any = None
    second_labels: Any = None
    is_number: bool = False
    ids: Any = None
    id_name: str | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_pair(
    first: Path,
    second: Path,
    label: str | None,
    reading: Reading,
    *,
    detects: bool = False,
) -> Pair:
    """Read two files.

    The columns of the first say what those of the second are. Ids and texts that hardly repeat are
    left out; so is the label, which the second may lack. For weights, what is constant in the first
    is left out too; to detect a shift it is compared, and so are the labels of the second.

    Args:
        first, second: the files.
        label: the column that is predicted; None where there is none.
        reading: how CSV files are written.
        detects: read them to detect a shift, not to find weights.

    Raises:
        click.UsageError: the label is not there, or one file is an array and the other a table.
        DataError: a file cannot be used, or has fewer than two rows.
    """
    for path in (first, second):
        if path.suffix.lower() == ".npz":
            raise DataError(
                f"{path}: holds several arrays; save one of them by numpy.save, as .npy"
            )
    arrays = [path.suffix.lower() == ".npy" for path in (first, second)]
    if arrays[0] != arrays[1]:
        raise click.UsageError(f"{first}, {second}: expected two tables, or two .npy arrays")
    if arrays[0]:
        if label is not None:
            raise click.UsageError("--label: an array's columns have no names; leave it out")
        return Pair(_array(first), _array(second))
    table = _table(first, reading, label=label)
    schema = table.schema if detects else table.schema.without_target()
    return _pair(table, _table(second, reading, label=label, schema=schema), label, detects)


def _table(
    path: Path, reading: Reading, *, label: str | None, schema: Schema | None = None
) -> Table:
    """Read a table; with a schema, by that of the first one."""
    from mlplab.tabular import MISSING, Table, conform, infer_schema
    from mlplab.tabular.csv_text import read_cells
    from mlplab.tabular.read import table_of_cells

    entries = reading.entries(MISSING)
    if path.suffix.lower() in (".parquet", ".pq"):
        frame = _parquet(path)
        _require_rows(path, len(frame))
        _require_columns(path, list(frame.columns), label, schema)
        notes = _only_here(path, list(frame.columns), schema)
        schema = schema or infer_schema(frame, target=label, missing=entries["missing"])
        return Table(conform(frame, schema, source=str(path)), schema, str(path), notes=notes)
    cells = read_cells(path, **reading.cells)
    _require_rows(path, len(cells.rows))
    _require_columns(path, list(cells.header), label, schema)
    if schema is None:
        return table_of_cells(cells, target=label, **entries)
    found = table_of_cells(cells, schema=schema, decimal=entries["decimal"])
    notes = (*found.notes, *_only_here(path, list(cells.header), schema))
    return dataclasses.replace(found, notes=notes)


def _require_rows(path: Path, n: int) -> None:
    if n < _FEWEST_ROWS:
        raise DataError(f"{path}: expected at least {_FEWEST_ROWS} rows to compare; got {n}")


def _only_here(path: Path, names: list[str], schema: Schema | None) -> tuple[str, ...]:
    """Say which columns of the second table the first does not have."""
    known = {column.name for column in schema.columns} if schema else set(names)
    extra = [name for name in names if name not in known]
    if not extra:
        return ()
    more = f" and {len(extra) - _SHOWN} more" if len(extra) > _SHOWN else ""
    return (f"only in {path}, not compared: {', '.join(extra[:_SHOWN])}{more}",)


def _compared(table: Table, other: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables' rows without ids and texts; what is constant in the first may differ.

    Entries of such a column are numbers where all of both are.
    """
    import pandas as pd

    constant = table.schema.names("constant")
    names = [c.name for c in table.schema.features if c.name in {*table.schema.usable, *constant}]
    halves = table.frame[names].copy(), other.frame[names].copy()
    for name in constant:
        entries = [half[name].dropna() for half in halves]
        numbers = [pd.to_numeric(part, errors="coerce") for part in entries]
        if not any(part.isna().any() for part in numbers):
            for half in halves:
                half[name] = pd.to_numeric(half[name]).astype("float64")
    return halves


def _pair(table: Table, other: Table, label: str | None, detects: bool) -> Pair:
    schema: Schema = table.schema
    halves = table.frame[schema.usable], other.frame[schema.usable]
    if detects:
        halves = _compared(table, other)
    used = list(halves[0].columns)
    if not used:
        raise DataError(
            f"{table.source}: no column to compare; expected a number, category or date"
        )
    left_out = tuple(c.name for c in schema.columns if c.name not in used and c.name != label)
    labels = None
    if label is not None:
        gaps = int(table.frame[label].isna().sum())
        if gaps:
            raise DataError(
                f"{table.source}, column {label!r}: {gaps} labels are missing; fill them in, or "
                "leave out --label"
            )
        labels = table.frame[label].to_numpy()
    is_known = label is not None and label in other.frame.columns
    row_id = schema.row_id()
    return Pair(
        first=halves[0],
        second=halves[1],
        labels=labels,
        second_labels=other.frame[label].to_numpy() if is_known else None,
        is_number=label is not None and schema[label].kind == "number",
        ids=None if row_id is None else table.frame[row_id].tolist(),
        id_name=row_id,
        left_out=left_out,
        notes=(*table.notes, *other.notes),
    )


def _require_columns(
    path: Path, names: list[str], label: str | None, schema: Schema | None
) -> None:
    """Refuse a first table without the label, and a second one that only lacks what may be one."""
    if schema is None:
        if label is not None and label not in names:
            known = f"there are: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
            says = hint(label, names, known)
            raise click.UsageError(f"--label: {path} has no column {label!r}; {says}")
        return
    lacking = [column.name for column in schema.features if column.name not in names]
    if label is None and lacking:
        raise DataError(f"{path}: no column {lacking[0]!r}; name what is predicted by --label")


def _array(path: Path) -> Any:
    import numpy as np

    refuse_device(path, "an array")
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        reason = getattr(problem, "strerror", None) or "expected an array as numpy.save writes it"
        if "Object arrays" in str(problem):
            reason = "expected numbers; it holds Python objects"
        raise DataError(f"{path}: cannot be read ({reason})") from None
    if array.dtype.kind not in "fiub":
        raise DataError(f"{path}: expected numbers; got {array.dtype}")
    # Images and the like: one row each.
    return array.reshape(len(array), -1) if array.ndim > 2 else array


def _parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    refuse_device(path, "a Parquet file")
    try:
        with path.open("rb") as stream:  # of a path such as a:/b pyarrow would make a URI
            frame = pd.read_parquet(stream)
    except ImportError:
        raise DataError(f"{path}: Parquet files need pyarrow: pip install pyarrow") from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "no Parquet file"
        raise DataError(f"{path}: cannot be read ({reason})") from None
    frame.columns = [str(name) for name in frame.columns]
    return frame
