"""How much is kept, and what may go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Table,
    and_,
    column,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    text,
    true,
)

from mlplab.store import schema
from mlplab.store.records import PruneReport

UNKNOWN = "unknown"
# A step then needs some hundred kilobytes of log, where the whole would need megabytes.
_ROWS_IN_A_STEP = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows `prune` takes."""

    stale_engine: str | None
    all_but_engine: str | None
    checkpoints: bool
    weights: bool
    older_than_days: float | None
    all_but_code: str | None = None

    @property
    def runs(self) -> bool:
        """Whether finished runs go: those of some engines, or all old ones."""
        by_engine = self.stale_engine is not None or self.all_but_engine is not None
        return by_engine or self.by_age_alone

    @property
    def by_age_alone(self) -> bool:
        """Whether nothing but an age was named."""
        named = self.checkpoints or self.weights or self.stale_engine or self.all_but_engine
        return not named and self.older_than_days is not None


def count_rows(connection: Connection) -> dict[str, int]:
    """Return table -> rows."""
    return {
        table.name.removeprefix(schema.PREFIX): int(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
        )
        for table in schema.CONTENTS
    }


def count_runs_by_engine(connection: Connection) -> dict[str, int]:
    """Return engine version -> finished runs."""
    runs, origins = schema.outcomes, schema.provenances
    engine = func.coalesce(origins.c.engine, UNKNOWN)
    query = (
        select(engine, func.count())
        .select_from(runs.outerjoin(origins, runs.c.provenance == origins.c.id))
        .group_by(engine)
        .order_by(engine)
    )
    return {name: int(number) for name, number in connection.execute(query)}


def bytes_on_server(connection: Connection) -> int:
    """Return what PostgreSQL's tables and their indexes take."""
    size = text("SELECT pg_total_relation_size(CAST(CAST(:name AS text) AS regclass))")
    tables = (*schema.CONTENTS, *schema.PASSING, schema.schema)
    return sum(int(connection.execute(size, {"name": table.name}).scalar_one()) for table in tables)


def remove(connection: Connection, choice: Choice, dry_run: bool) -> PruneReport:
    """Remove what was chosen; a dry run does the same and takes it back."""
    rows, size = count_rows(connection), _content_bytes(connection)
    for table, condition in _doomed(choice):
        connection.execute(delete(table).where(condition))
    report = _report(connection, rows, size, dry_run)
    if dry_run and (transaction := connection.get_transaction()) is not None:
        # A dry run counts what truly goes, with what hangs on a run, and takes it back.
        transaction.rollback()
    return report


def remove_in_steps(
    write: Callable[[Callable[[Connection], Any]], Any],
    after_each: Callable[[], None],
    choice: Choice,
) -> PruneReport:
    """Remove what was chosen a few rows at a time, for a SQLite file whose disk is full.

    A step needs some hundred kilobytes where the whole would need megabytes.

    Args:
        write: does some work in a transaction of its own.
        after_each: gives back what the step has needed.
        choice: what goes.
    """
    after_each()
    rows, size = write(lambda c: (count_rows(c), _content_bytes(c)))
    rowid: ColumnElement[int] = column("rowid")
    for table, condition in _doomed(choice):
        few = select(rowid).select_from(table).where(condition).limit(_ROWS_IN_A_STEP)
        step = partial(_execute, delete(table).where(rowid.in_(few)))
        while write(step):
            after_each()
    report: PruneReport = write(lambda c: _report(c, rows, size, False))
    return report


def _execute(statement: Delete, connection: Connection) -> int:
    return connection.execute(statement).rowcount


def _report(connection: Connection, rows: dict[str, int], size: int, dry_run: bool) -> PruneReport:
    left = count_rows(connection)
    gone = {name: rows[name] - left[name] for name in rows if rows[name] > left[name]}
    return PruneReport(gone, size - _content_bytes(connection), dry_run)


def _doomed(choice: Choice) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield each table and which of its rows go; a run's row goes after what hangs on it."""
    runs, specs = schema.outcomes, schema.runs
    run_goes = _chosen(runs, choice) if choice.runs else false()
    asked_for = {schema.weights: choice.weights, schema.checkpoints: choice.checkpoints}
    for table, asked in asked_for.items():
        same = and_(runs.c.key == table.c.key, runs.c.provenance == table.c.provenance)
        conditions: list[ColumnElement[bool]] = [exists().where(same, run_goes)]
        if asked:
            conditions.append(_old(table, choice))
        if choice.runs and table is schema.checkpoints:
            conditions.append(_chosen(table, choice))
        yield table, or_(*conditions)
    yield runs, run_goes
    yield specs, ~exists().where(runs.c.key == specs.c.key)
    remembered = schema.remembered
    if choice.all_but_code is not None or choice.by_age_alone:
        other = true() if choice.by_age_alone else remembered.c.code != choice.all_but_code
        yield remembered, and_(other, _old(remembered, choice))


def _chosen(table: Table, choice: Choice) -> ColumnElement[bool]:
    """By age, and by engine where one is named; rows of unknown engines are never stale."""
    engine = schema.provenances.c.engine
    stale: list[ColumnElement[bool]] = []
    if choice.stale_engine is not None:
        stale.append(engine == choice.stale_engine)
    if choice.all_but_engine is not None:
        stale.append(engine != choice.all_but_engine)
    if not stale:
        return _old(table, choice)
    origins = select(schema.provenances.c.id).where(or_(*stale))
    return and_(_old(table, choice), table.c.provenance.in_(origins))


def _old(table: Table, choice: Choice) -> ColumnElement[bool]:
    if choice.older_than_days is None:
        return true()
    return table.c.saved_at < time.time() - choice.older_than_days * 86400.0


def _content_bytes(connection: Connection) -> int:
    contents = (
        schema.outcomes.c.history,
        schema.outcomes.c.correct,
        schema.runs.c.spec,
        schema.checkpoints.c.blob,
        schema.weights.c.blob,
        schema.remembered.c.blob,
    )
    return sum(
        int(connection.execute(select(func.coalesce(func.sum(func.length(one)), 0))).scalar_one())
        for one in contents
    )
