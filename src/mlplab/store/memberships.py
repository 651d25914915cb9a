"""Which runs an experiment asked for, and the name of the data that it ran on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from mlplab.errors import StoreError
from mlplab.store import schema
from mlplab.store.records import Membership
from mlplab.store.statements import insert_new

_HEX = 32  # digits of a run's key


def write_membership(
    connection: Connection, experiment: str, task: str, content: str, keys: Iterable[str]
) -> None:
    """Keep an experiment's runs; the same ones asked for again change nothing."""
    schema.check_words(experiment, task, content)
    # One blob of 16 bytes a run: a row per run would make the store 8 % larger.
    blob = b"".join(map(bytes.fromhex, keys))
    row = {
        "experiment": experiment,
        "digest": hashlib.sha256(f"{task}\0{content}\0".encode() + blob).hexdigest()[:_HEX],
        "task": task,
        "content": content,
        "keys": blob,
        "saved_at": time.time(),
    }
    insert_new(connection, schema.experiments, [row])


def read_memberships(connection: Connection) -> list[Membership]:
    """Return all of them, oldest first."""
    table = schema.experiments
    rows = connection.execute(select(table).order_by(table.c.saved_at, table.c.digest))
    return [_membership(row) for row in rows]


def _membership(row: Row[Any]) -> Membership:
    texts = (row.experiment, row.task, row.content)
    if not isinstance(row.keys, bytes) or not all(isinstance(text, str) for text in texts):
        # SQLite lets anything stand in a column.
        raise StoreError(f"the stored runs of experiment {str(row.experiment)[:80]!r} are damaged")
    return Membership(*texts, _split(row.keys.hex()))


def _split(digits: str) -> tuple[str, ...]:
    return tuple(digits[start : start + _HEX] for start in range(0, len(digits), _HEX))
