"""The files of `fit` and `predict`: read, checked before any work, and never overwritten."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli.reading import Reading
from mlplab.hints import hint

if TYPE_CHECKING:
    from mlplab.tabular import Schema, Table
    from mlplab.tabular.scoring import Scoring

_ORDER = "<"
_CLASS_SHARE = 0.5


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """The tables of a fit, checked.

    Attributes:
        train: the rows with a target.
        test: the rows to predict; None if there are none.
        id_column: names the rows; None if no column does.
        groups: entries of the column whose rows stay together in folds; None without one.
        notes: lines on how the files are written, on odd entries, ids and copies.
        n_copies: rows to predict that are copies of training rows.
    """

    train: Table
    test: Table | None
    id_column: str | None
    groups: Any
    notes: tuple[str, ...] = ()
    n_copies: int = 0


@dataclass(frozen=True, slots=True)
class Places:
    """Where a fit writes: the folder of the page, the model, the submission if there is one."""

    folder: Path
    model: Path
    submission: Path | None


def read_types(texts: Sequence[str]) -> dict[str, Any]:
    """Turn `COL=kind,COL=low<mid<high` into what `Schema.with_types` takes.

    Raises:
        click.UsageError: no `=` in one of them.

    >>> read_types(["zone=category,size=S<M<L", "code=id"])
    {'zone': 'category', 'size': ['S', 'M', 'L'], 'code': 'id'}
    """
    out: dict[str, Any] = {}
    for part in ",".join(texts).split(",") if texts else ():
        name, equals, kind = part.rpartition("=")
        if not equals or not name.strip() or not kind.strip():
            raise click.UsageError(
                f"--types: expected COLUMN=KIND or COLUMN=LOW<MID<HIGH; got {part!r}"
            )
        levels = [level.strip() for level in kind.split(_ORDER)]
        out[name.strip()] = levels if len(levels) > 1 else levels[0]
    return out


def read_tables(
    train: Path,
    test: Path | None,
    *,
    target: str,
    types: Mapping[str, Any],
    reading: Reading,
    task: Any,
    id_column: str | None,
    groups: str | None,
) -> Asked:
    """Read the tables of a fit.

    Args:
        train, test: the files.
        target, types, id_column, groups: columns, as they were named.
        reading: how the files are written, where that was said.
        task: what the target is predicted as; None: as its entries tell.

    Raises:
        click.UsageError: a column is named that is not there.
        DataError: a file cannot be used; ids are missing or twice there.
    """
    from mlplab.tabular import MISSING
    from mlplab.tabular.csv_text import read_cells
    from mlplab.tabular.read import table_of_cells

    cells = read_cells(train, **reading.cells)
    entries = reading.entries(MISSING)
    named = {"--target": target, "--id": id_column, "--groups": groups}
    named |= {f"--types {name}": name for name in types}
    named |= {f"--date-format {name}": name for name in entries.get("date_format", ()) if name}
    for option, name in named.items():
        if name is not None and name not in cells.header:
            raise click.UsageError(f"{option}: {_no_column(train, name, cells.header)}")
    if target in (id_column, groups):
        raise click.UsageError(f"--target {target}: cannot be the id or the groups as well")
    declared = dict(types)
    if id_column is not None:
        declared[id_column] = "id"
    table = table_of_cells(
        cells, target=target, types=declared, task=task, drop_gaps=True, **entries
    )
    row_id = id_column or table.schema.row_id()
    notes, other, n_copies = list(table.notes), None, 0
    if test is not None:
        features = table.schema.without_target()
        other_cells = read_cells(test, **reading.cells)
        if id_column is not None and id_column not in other_cells.header:
            raise click.UsageError(f"--id: {_no_column(test, id_column, other_cells.header)}")
        other = table_of_cells(other_cells, schema=features, decimal=entries["decimal"])
        notes += other.notes
        extra = [name for name in other_cells.header if name not in cells.header]
        if extra:
            notes.append(f"only in {test}, not used: {_some(extra)}")
        row_id = id_column or table.schema.row_id(other_cells.header)
        if row_id is None:
            notes.append(
                "no column was found that names the rows to predict: predictions are written "
                "without ids, in the order of the rows (--id COLUMN names one)"
            )
        else:
            check_ids(other, row_id)
        n_copies, lines = _copies(table, other, row_id)
        notes += lines
    in_groups = None if groups is None else _groups(table, groups)
    return Asked(table, other, row_id, in_groups, tuple(notes), n_copies)


def _copies(train: Table, other: Table, row_id: str | None) -> tuple[int, list[str]]:
    """Count rows to predict that are copies of training rows, and say so."""
    from mlplab.tabular.copies import copied_rows, twin_rows

    places = copied_rows(train.frame, other.frame, train.schema).nonzero()[0]
    if not len(places):
        return 0, []
    ids = [str(place + 1) for place in places[:4]]
    if row_id is not None:
        ids = other.frame[row_id].iloc[places[:4]].astype(str).tolist()
    n_twins, n_train = twin_rows(train.frame, train.schema), len(train.frame)
    first = f"{', '.join(ids)}{', ...' if len(places) > len(ids) else ''}"
    line = (
        f"{len(places)} of {len(other.frame)} rows to predict are copies of training rows "
        f"({row_id or 'row'} {first}): what is predicted of them says nothing of new rows"
    )
    if n_twins:
        line += f"; among the {n_train} training rows {n_twins} have a copy too"
    return len(places), [line]


def check_ids(table: Table, column: str) -> None:
    """Refuse a table whose ids are missing or twice there.

    Raises:
        DataError: names the first.
    """
    from mlplab.errors import DataError

    ids = table.frame[column]
    gaps = int(ids.isna().sum())
    if gaps:
        raise DataError(f"{table.source}, column {column!r}: {gaps} ids are missing; fill them")
    twice = ids[ids.duplicated()]
    if len(twice):
        more = f" ({len(twice)} such rows)" if len(twice) > 1 else ""
        raise DataError(
            f"{table.source}, column {column!r}: expected different ids; {str(twice.iloc[0])!r} is "
            f"there twice{more}; delete what is too many, or name another column by --id"
        )


def asked_task(task: str | None, metric: str | None) -> Any:
    """Return what is predicted, as asked or as the metric asks; None: as the target tells."""
    from mlplab.tabular.scoring import METRICS

    return task or METRICS.get(metric or "")


def task_of(table: Table, task: str | None, metric: str | None) -> Any:
    """Return what is predicted: as asked, as the metric asks, or by the target's kind."""
    kind = table.schema[str(table.schema.target)].kind
    by_kind = "regression" if kind == "number" else "classification"
    return asked_task(task, metric) or by_kind


def explain_task(table: Table, task: str | None, metric: str | None) -> tuple[str, str]:
    """Return why a task was taken, and a warning where another may be meant."""
    from mlplab.tabular.entries import texts_of
    from mlplab.tabular.target_kind import describe_target

    numbers = task_of(table, task, metric) == "regression"
    texts = [text for text in texts_of(table.target, ()) if text is not None]
    why, warning = describe_target(texts, numbers=numbers)
    if asked_task(task, metric) is not None:
        said = f"--task {task}" if task else f"--metric {metric}"
        return f"by {said}; the target has {why}", "" if numbers else warning
    other = "classification" if numbers else "regression"
    return f"the target has {why}; --task {other} says otherwise", warning


def check_task(table: Table, task: str | None, metric: str | None) -> None:
    """Refuse a target that cannot be predicted as asked.

    Raises:
        click.UsageError: words as numbers.
        DataError: no column to predict from, or hardly a row per class.
    """
    from mlplab.errors import DataError

    kinds = [column.kind for column in table.schema.features]
    if not {"number", "category", "date"} & set(kinds):
        there = ", ".join(f"{column.name} ({column.kind})" for column in table.schema.features)
        raise DataError(
            f"{table.source}: no column to predict from; expected a number, category or date; "
            f"there are: {there or 'none'}; --types COLUMN=KIND declares them{_odd(table)}"
        )
    name = str(table.schema.target)
    kind, entries = table.schema[name].kind, table.target
    asked = task_of(table, task, metric)
    if asked == "regression" and kind != "number":
        option = f"--task {task}" if task else f"--metric {metric}"
        raise click.UsageError(
            f"{option}: column {name!r} holds words such as {str(entries.iloc[0])!r}; "
            "expected numbers; try --task classification"
        )
    n_classes = entries.nunique()
    if asked == "classification" and n_classes == 1:
        raise DataError(
            f"{table.source}, column {name!r}: expected different entries; all are "
            f"{str(entries.iloc[0])!r}"
        )
    if asked == "classification" and n_classes > _CLASS_SHARE * len(entries):
        hint = "; numbers? then --task regression" if kind == "number" or not task else ""
        raise DataError(
            f"{table.source}, column {name!r}: {n_classes} classes in {len(entries)} rows; "
            f"expected several rows of each class{hint}{_odd(table, name)}"
        )
    scoring_for(table, task, metric)


def _odd(table: Table, column: str = "") -> str:
    """Return what was said of odd entries, of one column or of all, to end an error with."""
    lines = [note for note in table.notes if note.startswith(column)]
    lines = [note for note in lines if not note.startswith(f"{table.source}: ")]
    return f" ({'; '.join(lines[:2])})" if lines else ""


def scoring_for(table: Table, task: str | None, metric: str | None) -> Scoring:
    """Return the metric that judges, and why.

    Raises:
        MlplabError: one that is not known, or not for this target.
    """
    from mlplab.tabular.scoring import scoring_of

    kind, entries = task_of(table, task, metric), table.target
    if kind == "regression" and entries.dtype == object:
        # declared a category, and to be predicted as numbers
        entries = entries.astype(float)
    return scoring_of(metric, kind, entries)


def keep_inputs(inputs: Iterable[Path | None], outputs: Mapping[str, Path | None]) -> None:
    """Refuse to write over what is read, or twice to one file.

    Args:
        inputs: files that are read.
        outputs: what each file is for -> where it would be written.

    Raises:
        click.UsageError: names the two.
    """
    read = {_same(path): path for path in inputs if path is not None}
    seen: dict[str, str] = {}
    for what, path in outputs.items():
        if path is None:
            continue
        key = _same(path)
        if key in read:
            raise click.UsageError(f"{what} {path}: would overwrite the input {read[key]}")
        if key in seen:
            raise click.UsageError(f"{what} {path}: {seen[key]} is written there; name another")
        if path.is_dir():
            raise click.UsageError(f"{what} {path}: is a folder; expected the name of a file")
        if path.exists() and not path.is_file():
            # It would give way to the file: a link such as /dev/stdout to one for everybody.
            raise click.UsageError(f"{what} {path}: is a device or pipe; expected a file's name")
        seen[key] = what


def spell_types(schema: Schema) -> list[tuple[str, str]]:
    """Return kind -> columns, for people: the features of each kind in the order of the table."""
    by_kind: dict[str, list[str]] = {}
    for column in schema.features:
        shown = f"{column.name} ({_ORDER.join(column.order)})" if column.order else column.name
        by_kind.setdefault(column.kind, []).append(shown)
    return [(kind, _some(names, 12)) for kind, names in by_kind.items()]


def _no_column(path: Path, name: str, header: Sequence[str]) -> str:
    known = f"there are: {_some(header)}"
    if len(header) == 1:
        known += "; if that is several, --delimiter says what separates them"
    return f"{path} has no column {name!r}; {hint(name, header, known)}"


def _some(names: Sequence[str], most: int = 8) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _groups(table: Table, column: str) -> Any:
    from mlplab.errors import DataError

    entries = table.frame[column]
    gaps = int(entries.isna().sum())
    if gaps:
        raise DataError(
            f"{table.source}, column {column!r}: {gaps} rows have no group; fill them in"
        )
    return entries.to_numpy()


def _same(path: Path) -> str:
    return os.path.realpath(path)
