"""How much is kept, and what may go."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
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
    tables = (*schema.CONTENTS, schema.schema)
    return sum(int(connection.execute(size, {"name": table.name}).scalar_one()) for table in tables)


def remove(connection: Connection, choice: Choice, dry_run: bool) -> PruneReport:
    """Remove what was chosen; a dry run does the same and takes it back."""
    rows, size = count_rows(connection), _content_bytes(connection)
    with connection.begin_nested() as attempt:
        _delete(connection, choice)
        left, size_left = count_rows(connection), _content_bytes(connection)
        if dry_run:
            attempt.rollback()
    gone = {name: rows[name] - left[name] for name in rows if rows[name] > left[name]}
    return PruneReport(gone, size - size_left, dry_run)


def _delete(connection: Connection, choice: Choice) -> None:
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
        connection.execute(delete(table).where(or_(*conditions)))
    connection.execute(delete(runs).where(run_goes))
    connection.execute(delete(specs).where(~exists().where(runs.c.key == specs.c.key)))
    remembered = schema.remembered
    if choice.all_but_code is not None or choice.by_age_alone:
        other = true() if choice.by_age_alone else remembered.c.code != choice.all_but_code
        connection.execute(delete(remembered).where(other, _old(remembered, choice)))


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
