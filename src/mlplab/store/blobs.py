"""Checkpoints of unfinished runs, and weights of finished ones: opaque bytes by run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from mlplab.store import schema
from mlplab.store.failures import naming
from mlplab.store.records import Checkpoint
from mlplab.store.row_checks import check_blob
from mlplab.store.statements import in_parts, insert_or_replace


def write_checkpoints(
    connection: Connection, checkpoints: Sequence[Checkpoint], provenance: str
) -> None:
    """Replace the runs' checkpoints; a run that has finished meanwhile needs none."""
    finished = _finished(connection, (one.key for one in checkpoints), provenance)
    latest = {one.key: one for one in checkpoints if one.key not in finished}
    now = time.time()
    rows = [
        {
            "key": key,
            "provenance": provenance,
            "epoch": int(latest[key].epoch),
            "step": int(latest[key].step),
            "saved_at": now,
            "blob": bytes(latest[key].blob),
        }
        for key in sorted(latest)
    ]
    insert_or_replace(connection, schema.checkpoints, rows)


def read_checkpoints(
    connection: Connection, keys: Iterable[str], provenance: str
) -> dict[str, Checkpoint]:
    """Return the checkpoints that continue to the same bits: those of one provenance."""
    table = schema.checkpoints
    found = {}
    for part in in_parts(keys):
        for row in connection.execute(
            select(table).where(table.c.key.in_(part), table.c.provenance == provenance)
        ):
            with naming(row.key, "checkpoint"):
                check_blob(row.blob)
                if type(row.epoch) is not int or type(row.step) is not int:
                    raise ValueError("its epoch or step is none")
            found[row.key] = Checkpoint(row.key, row.epoch, row.step, row.blob)
    return found


def keys_with_checkpoints(
    connection: Connection, keys: Sequence[str], provenance: str
) -> list[str]:
    """Return the keys that have checkpoints of one provenance, without reading these."""
    table = schema.checkpoints
    found: set[str] = set()
    for part in in_parts(keys):
        query = select(table.c.key).where(table.c.key.in_(part), table.c.provenance == provenance)
        found.update(connection.execute(query).scalars())
    return [key for key in keys if key in found]


def read_weights(
    connection: Connection, keys: Iterable[str], provenance: str | None
) -> dict[str, bytes]:
    """Return one blob per known key: of that provenance if there is one, else the newest."""
    table = schema.weights
    found: dict[str, bytes] = {}
    for part in in_parts(keys):
        chosen: dict[str, str] = {}
        # Names first: blobs of other provenances may be large and are not read.
        names = select(table.c.key, table.c.provenance).where(table.c.key.in_(part))
        for key, origin in connection.execute(names.order_by(table.c.saved_at)):
            # Oldest first, so the last one stays unless the provenance asked for has been met.
            if chosen.get(key) != provenance or provenance is None:
                chosen[key] = origin
        for row in connection.execute(
            select(table.c.key, table.c.provenance, table.c.blob).where(table.c.key.in_(part))
        ):
            if chosen.get(row.key) == row.provenance:
                with naming(row.key, "weights"):
                    check_blob(row.blob)
                found[row.key] = row.blob
    return found


def keys_with_weights(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Return the keys that have weights, without reading them."""
    table = schema.weights
    found: set[str] = set()
    for part in in_parts(keys):
        found.update(connection.execute(select(table.c.key).where(table.c.key.in_(part))).scalars())
    return found


def _finished(connection: Connection, keys: Iterable[str], provenance: str) -> set[str]:
    table = schema.outcomes
    found: set[str] = set()
    for part in in_parts(keys):
        query = select(table.c.key).where(table.c.key.in_(part), table.c.provenance == provenance)
        found.update(connection.execute(query).scalars())
    return found
