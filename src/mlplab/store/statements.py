"""What every table's reads and writes share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

# Older SQLites take at most 999 parameters in a statement.
KEYS_AT_ONCE = 900


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet."""
    if rows:
        statement = _insert(connection, table).on_conflict_do_nothing()
        compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
        names = compiled.positiontup
        if names is None:
            connection.execute(statement, rows)
        else:
            # SQLAlchemy's own way to parameters took a third of the time of a row.
            connection.exec_driver_sql(str(compiled), [tuple(map(r.get, names)) for r in rows])


def insert_or_replace(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows; one whose primary key is there already takes its place."""
    if rows:
        statement = _insert(connection, table)
        changed = {name: statement.excluded[name] for name in rows[0]}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(table.primary_key.columns), set_=changed
            ),
            rows,
        )


def in_parts(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield the keys, each once, in lists short enough for one statement."""
    distinct = list(dict.fromkeys(keys))
    for start in range(0, len(distinct), KEYS_AT_ONCE):
        yield distinct[start : start + KEYS_AT_ONCE]


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
