"""Reading a table: a CSV file with its schema, and its target set apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplab.errors import DataError
from mlplab.tabular.columns import Schema, no_such_column
from mlplab.tabular.conform import conform
from mlplab.tabular.csv_text import Cells, read_cells
from mlplab.tabular.infer import infer_schema
from mlplab.tabular.values import MISSING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """A frame whose entries are what its schema says.

    Attributes:
        frame: numbers as float64, dates as datetime64, the rest as texts; NaN where missing.
        schema: what the columns are.
        source: where it was read from, for people.
        n_dropped: rows left out because their target is missing.
    """

    frame: pd.DataFrame
    schema: Schema
    source: str
    n_dropped: int = 0

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
    missing: Collection[str] = MISSING,
    delimiter: str | None = None,
    encoding: str = "utf-8",
) -> Table:
    """Read a CSV file: one header, equal rows, every entry of its column's kind.

    The kinds are inferred (`infer_schema` has the rules) and may be declared. A second file is read
    with the schema of the first: its columns may come in any order, and it may lack the target.

    Args:
        path: the file, UTF-8 or with a byte-order mark.
        target: the column to predict; none of its entries may be missing.
        types: name -> a kind, or levels in their order, or a `Column`.
        schema: that of another table, in place of inference; `types` then still overrides.
        missing: texts that stand for "not there".
        delimiter: between cells; None: a comma.
        encoding: what the bytes mean where no byte-order mark says it.

    Raises:
        DataError: one line that names the file, the line and column, what was expected and what to
            try.
        ConfigError: `types` names an unknown column or kind.

    Cost: about 3 s per million cells.
    """
    cells = read_cells(path, delimiter, encoding)
    return table_of_cells(cells, target=target, types=types, schema=schema, missing=missing)


def table_of_cells(
    cells: Cells,
    *,
    target: str | None = None,
    types: Mapping[str, Any] | None = None,
    schema: Schema | None = None,
    missing: Collection[str] = MISSING,
    drop_gaps: bool = False,
) -> Table:
    """Make a table of a file's cells, as `read_table` does.

    Args:
        cells: the texts, from `read_cells`.
        target, types, schema, missing: as in `read_table`.
        drop_gaps: leave out the rows whose target is missing, instead of refusing them.

    Raises:
        DataError, ConfigError: as in `read_table`; or no row with a target is left.

    >>> cells = Cells("a.csv", ["x", "y"], [["1", "5"], ["2", ""], ["3", "7"]], [2, 3, 4])
    >>> table = table_of_cells(cells, target="y", drop_gaps=True)
    >>> table.n_dropped, table.target.tolist()
    (1, [5.0, 7.0])
    """
    import numpy as np
    import pandas as pd

    n_rows = len(cells.rows)
    if drop_gaps and target in cells.header:
        cells = _with_target(cells, target, frozenset(missing))
    # An array of objects keeps texts as they are in every version of pandas.
    entries = np.empty((len(cells.rows), len(cells.header)), dtype=object)
    entries[:] = cells.rows
    raw = pd.DataFrame(entries, columns=np.array(cells.header, dtype=object))
    if schema is None:
        if target is not None and target not in cells.header:
            raise DataError(no_such_column(target, cells.header, f"{cells.source}: target"))
        schema = infer_schema(raw, target=target, types=types, missing=missing)
    else:
        schema = schema.with_types(types or {})

    def place(row: int) -> str:
        return f"line {cells.lines[row]}"

    frame = conform(raw, schema, missing=missing, source=cells.source, place=place)
    _check_target(frame, schema, cells, inferred=target is not None)
    return Table(frame, schema, cells.source, n_rows - len(cells.rows))


def _with_target(cells: Cells, target: str, missing: frozenset[str]) -> Cells:
    at = cells.header.index(target)
    kept = [row for row, texts in enumerate(cells.rows) if texts[at] not in missing]
    if not kept:
        raise DataError(
            f"{cells.source}, column {target!r}: the target is missing in all "
            f"{len(cells.rows)} rows; expected a number or a class in some"
        )
    rows, lines = [cells.rows[i] for i in kept], [cells.lines[i] for i in kept]
    return Cells(cells.source, cells.header, rows, lines)


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
    if inferred and schema[name].kind == "constant":
        raise DataError(
            f"{cells.source}, column {name!r}: expected a target with different values; "
            f"every row has {cells.rows[0][cells.header.index(name)]!r}"
        )
    if schema[name].kind not in ("number", "category", "constant"):
        raise DataError(
            f"{cells.source}, column {name!r}: expected numbers or classes to predict; "
            f"this is a {schema[name].kind}; say types={{{name!r}: 'number'}} or 'category'"
        )
