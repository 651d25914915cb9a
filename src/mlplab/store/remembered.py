"""What was computed from runs, kept under the identity of everything that it depends on."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from mlplab.store import schema
from mlplab.store.statements import in_parts, insert_or_replace


def write_remembered(
    connection: Connection, key: str, subject: str, code: str, blob: bytes
) -> None:
    """Keep a blob in place of what was kept under its key."""
    row = {
        "key": key,
        "subject": subject,
        "code": code,
        "saved_at": time.time(),
        "blob": bytes(blob),
    }
    insert_or_replace(connection, schema.remembered, [row])


def read_remembered(connection: Connection, key: str) -> bytes | None:
    """Return the blob kept under a key."""
    table = schema.remembered
    found = connection.execute(select(table.c.blob).where(table.c.key == key)).scalar()
    return found if isinstance(found, bytes) else None


def read_origins(connection: Connection, keys: Iterable[str]) -> set[tuple[str, str]]:
    """Return key and provenance of every finished run among the keys."""
    table = schema.outcomes
    found: set[tuple[str, str]] = set()
    for part in in_parts(keys):
        query = select(table.c.key, table.c.provenance).where(table.c.key.in_(part))
        found.update((key, origin) for key, origin in connection.execute(query))
    return found


def count_stale(connection: Connection, code: str) -> int:
    """Return how many rows other code than this computed."""
    table = schema.remembered
    query = select(func.count()).select_from(table).where(table.c.code != code)
    return int(connection.execute(query).scalar_one())
