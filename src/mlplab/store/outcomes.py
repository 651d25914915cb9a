"""Rows of finished runs: written once, read by key."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, select
from sqlalchemy import Row as ResultRow

from mlplab.errors import StoreError
from mlplab.specs.outcome import Outcome, Provenance
from mlplab.store import schema
from mlplab.store.failures import COMPUTED_AGAIN, naming
from mlplab.store.packing import NOTHING, pack, pack_floats, unpack, unpack_floats
from mlplab.store.records import Row
from mlplab.store.row_checks import STATUSES, check_ends, check_lengths, check_time
from mlplab.store.statements import in_parts, insert_new


def write_outcomes(
    connection: Connection,
    outcomes: Sequence[Outcome],
    specs: Mapping[str, str],
    weights: Mapping[str, bytes],
) -> None:
    """Add rows that are not there yet, and drop the checkpoints that they make needless.

    A row without answers per example gives way to one that has them.
    """
    if strangers := weights.keys() - {outcome.key for outcome in outcomes}:
        raise StoreError(f"weights of run {min(strangers)} came without its outcome")
    now = time.time()
    # In one order everywhere, so that two writers on a server never wait for each other.
    rows = sorted((_as_row(outcome, now) for outcome in outcomes), key=_identity)
    _drop_unanswered(connection, [_names(row) for row in rows if row["correct"] != NOTHING])
    insert_new(connection, schema.outcomes, rows)
    insert_new(connection, schema.runs, [{"key": key, "spec": specs[key]} for key in sorted(specs)])
    insert_new(
        connection,
        schema.weights,
        [
            {**_names(row), "blob": weights[row["key"]], "saved_at": now}
            for row in rows
            if row["key"] in weights
        ],
    )
    table = schema.checkpoints
    if rows and connection.execute(select(table.c.key).limit(1)).first() is not None:
        done = and_(
            table.c.key == bindparam("of_key"), table.c.provenance == bindparam("of_provenance")
        )
        connection.execute(
            delete(table).where(done),
            [{"of_key": row["key"], "of_provenance": row["provenance"]} for row in rows],
        )


def read_outcomes(
    connection: Connection, keys: Iterable[str], provenance: str | None
) -> dict[str, Outcome]:
    """Return one outcome per known key, in the keys' order."""
    table = schema.outcomes
    found: dict[str, Outcome] = {}
    for part in in_parts(keys):
        rows: dict[str, ResultRow[Any]] = {}
        for row in connection.execute(
            select(table).where(table.c.key.in_(part)).order_by(table.c.id)
        ):
            known = rows.get(row.key)
            # By id, oldest first: the newest stays unless the provenance asked for has been met.
            if known is None or row.provenance == provenance or known.provenance != provenance:
                rows[row.key] = row
        found.update((key, _as_outcome(rows[key])) for key in part if key in rows)
    return found


def read_rows(connection: Connection) -> list[Row]:
    """Return one row per key, the newest of several provenances; the newest key first."""
    table, specs = schema.outcomes, schema.runs
    newest = select(func.max(table.c.id)).group_by(table.c.key)
    columns = (table.c.key, table.c.provenance, table.c.status, table.c.epochs)
    query = (
        select(*columns, specs.c.spec, table.c.saved_at)
        .select_from(table.outerjoin(specs, specs.c.key == table.c.key))
        .where(table.c.id.in_(newest))
        .order_by(table.c.id.desc())
    )
    rows = []
    for found in connection.execute(query).all():
        row = Row(*found)
        with naming(row.key):
            if type(row.key) is not str or type(row.epochs) is not int:
                raise ValueError(f"epochs {row.epochs!r}"[:80])
            if row.status not in STATUSES:
                raise ValueError(f"status {row.status!r}"[:80])
            if not isinstance(row.text, str | None):
                raise ValueError("its text is none")
            check_time(row.saved_at)
        rows.append(row)
    return rows


def read_metrics(connection: Connection, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return key -> names of the metrics of its newest row, without the numbers."""
    table = schema.outcomes
    found: dict[str, tuple[str, ...]] = {}
    for part in in_parts(keys):
        query = select(table.c.key, table.c.history).where(table.c.key.in_(part))
        for key, history in connection.execute(query.order_by(table.c.id)):
            with naming(key):
                found[key] = tuple(unpack(history))
    return found


def read_specs(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Return the canonical JSON of the runs that were put with it."""
    table = schema.runs
    found: dict[str, str] = {}
    for part in in_parts(keys):
        for key, spec in connection.execute(select(table).where(table.c.key.in_(part))):
            found[key] = spec
    return found


def write_provenance(connection: Connection, provenance: Provenance) -> None:
    """Keep what a provenance's id stands for."""
    insert_new(connection, schema.provenances, [{"id": provenance.id, **asdict(provenance)}])


def read_provenances(connection: Connection) -> dict[str, dict[str, str]]:
    """Return id -> machine, torch, numerics, engine."""
    found = {}
    for row in connection.execute(select(schema.provenances).order_by(schema.provenances.c.id)):
        fields = dict(row._mapping)
        if not all(isinstance(text, str) for text in fields.values()):
            raise StoreError(
                f"the stored provenance {str(row.id)[:80]!r} is damaged: {COMPUTED_AGAIN}"
            )
        found[fields.pop("id")] = fields
    return found


def _as_row(outcome: Outcome, now: float) -> dict[str, Any]:
    diverged, best = outcome.diverged_epoch, outcome.best_epoch
    # Drivers refuse, or keep as bytes, numpy's numbers.
    return {
        "key": outcome.key,
        "provenance": outcome.provenance,
        "status": outcome.status,
        "epochs": int(outcome.epochs),
        "diverged_epoch": None if diverged is None else int(diverged),
        "best_epoch": None if best is None else int(best),
        "seconds": float(outcome.seconds),
        "n_params": int(outcome.n_params),
        "history": pack_floats(outcome.history),
        "correct": pack(outcome.correct),
        "saved_at": now,
    }


def _drop_unanswered(connection: Connection, names: Sequence[Mapping[str, Any]]) -> None:
    """Drop the rows of these keys and provenances that hold no answers per example."""
    if names:
        table = schema.outcomes
        same = and_(
            table.c.key == bindparam("of_key"), table.c.provenance == bindparam("of_provenance")
        )
        # Dropped, not changed: the one that comes is then the newest, which `read_outcomes` takes.
        connection.execute(
            delete(table).where(same, table.c.correct == NOTHING),
            [{f"of_{name}": value for name, value in one.items()} for one in names],
        )


def _identity(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["key"], row["provenance"]


def _names(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"key": row["key"], "provenance": row["provenance"]}


def _as_outcome(row: ResultRow[Any]) -> Outcome:
    with naming(row.key):
        check_ends(
            row.status,
            row.provenance,
            row.epochs,
            row.diverged_epoch,
            row.best_epoch,
            row.seconds,
            row.n_params,
        )
        history = unpack_floats(row.history)
        check_lengths(row.epochs, map(len, history.values()))
        return Outcome(
            key=row.key,
            provenance=row.provenance,
            status=row.status,
            epochs=row.epochs,
            diverged_epoch=row.diverged_epoch,
            history=history,
            seconds=float("nan") if row.seconds is None else row.seconds,
            n_params=row.n_params,
            correct=unpack(row.correct),
            best_epoch=row.best_epoch,
        )
