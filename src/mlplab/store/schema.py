"""The tables, their version, and the steps from older versions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from mlplab.errors import StoreError
from mlplab.reading import is_plain_text
from mlplab.store.place import Place
from mlplab.version import __version__

# One prefix, so that a shared database may hold other things.
PREFIX = "mlplab_"
metadata = MetaData()


class Words(TypeDecorator[str]):
    """Text, and nothing else: SQLite would keep bytes in its place, which nobody could read."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: object) -> Any:
        """Return the text, or raise what `check_words` does."""
        if value is not None:
            check_words(value)
        return value


def check_words(*values: Any) -> None:
    """Refuse what is no text for a column.

    Raises:
        StoreError: the first that is none, or that UTF-8 cannot write.
    """
    for value in values:
        if not is_plain_text(value):
            raise StoreError(f"a store keeps text that UTF-8 can write; got {value!r}")


def _table(name: str, *columns: Column[object] | UniqueConstraint) -> Table:
    return Table(PREFIX + name, metadata, *columns)


def _required(name: str, kind: type) -> Column[object]:
    return Column(name, kind, nullable=False)


def _said(name: str) -> Column[object]:
    """A word that may be missing: empty."""
    return Column(name, Words, nullable=False, server_default="")


def _part_of_key(name: str) -> Column[object]:
    return Column(name, Words, primary_key=True)


def _number() -> Column[object]:
    return Column("id", Integer, primary_key=True)


schema = _table(
    "schema",
    Column("version", Integer, primary_key=True, autoincrement=False),
    _required("saved_at", Double),
    _required("mlplab", Words),
)
outcomes = _table(
    "outcomes",
    _number(),
    _required("key", Text),
    _required("provenance", Text),
    _required("status", Text),
    _required("epochs", Integer),
    Column("diverged_epoch", Integer),
    Column("best_epoch", Integer),
    Column("seconds", Double),  # SQLite keeps NaN as NULL
    _required("n_params", BigInteger),
    _required("history", LargeBinary),
    _required("correct", LargeBinary),
    _required("saved_at", Double),
    UniqueConstraint("key", "provenance"),
)
runs = _table("runs", _part_of_key("key"), _required("spec", Text))
provenances = _table(
    "provenances",
    _part_of_key("id"),
    _required("machine", Words),
    _required("torch", Words),
    _required("numerics", Words),
    _required("engine", Words),
)
checkpoints = _table(
    "checkpoints",
    _part_of_key("key"),
    _part_of_key("provenance"),
    _required("epoch", Integer),
    _required("step", BigInteger),
    _required("saved_at", Double),
    _required("blob", LargeBinary),
)
weights = _table(
    "weights",
    _part_of_key("key"),
    _part_of_key("provenance"),
    _required("saved_at", Double),
    _required("blob", LargeBinary),
)
verdicts = _table(
    "verdicts",
    _number(),
    _required("experiment", Words),
    _said("exercise"),
    _said("profile"),
    _said("key"),
    _required("claim", Words),
    _required("n_seeds", Integer),
    _required("saved_at", Double),
    _required("verdict", Words),
)
looks = _table(
    "looks",
    _number(),
    _required("split", Words),
    _required("purpose", Words),
    _required("experiment", Words),
    _required("n_runs", Integer),
    _required("remembered", Boolean),
    _required("saved_at", Double),
)
remembered = _table(
    "remembered",
    _part_of_key("key"),
    _required("subject", Words),
    _required("code", Words),
    _required("saved_at", Double),
    _required("blob", LargeBinary),
)
experiments = _table(
    "experiments",
    _part_of_key("experiment"),
    _part_of_key("digest"),
    _required("task", Words),
    _required("content", Words),
    _required("keys", LargeBinary),
    _required("saved_at", Double),
)
drivers = _table(
    "drivers",
    _part_of_key("id"),
    _required("host", Words),
    _required("boot", Words),
    _required("pid", BigInteger),
    _required("started", BigInteger),
    _required("beat", BigInteger),
    _required("changes", BigInteger),
)
# One blob of 16 bytes a run, as in `experiments`: rows would cost as much as those of outcomes.
leases = _table("leases", _number(), _required("driver", Words), _required("keys", LargeBinary))
wishes = _table(
    "wishes",
    _number(),
    _required("driver", Words),
    _required("holder", Words),
    _required("keys", LargeBinary),
)
CONTENTS = (
    outcomes,
    runs,
    provenances,
    checkpoints,
    weights,
    verdicts,
    looks,
    remembered,
    experiments,
)

PASSING = (drivers, leases, wishes)  # of those who train now

Migration = Callable[[Connection], None]
# MIGRATIONS[i] leads from version i + 1 to i + 2; `metadata` above is always the newest version.


def _add_best_epoch(connection: Connection) -> None:
    connection.execute(text(f"ALTER TABLE {outcomes.name} ADD COLUMN best_epoch INTEGER"))


def _add_remembered(connection: Connection) -> None:
    connection.execute(
        text(
            f"CREATE TABLE {remembered.name} (key TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL,"
            " code TEXT NOT NULL, saved_at DOUBLE PRECISION NOT NULL,"
            f" blob {_blob(connection)} NOT NULL)"
        )
    )


_OF_EXERCISE = re.compile(r"(\d+\.\d+\.\d+) .*?(?:, (quick|standard|full))?")


def _name_claims(connection: Connection) -> None:
    """Before, exercise and profile stood in the experiment's name alone."""
    for name in ("exercise", "profile", "key"):
        column = f"ADD COLUMN {name} TEXT NOT NULL DEFAULT ''"
        connection.execute(text(f"ALTER TABLE {verdicts.name} {column}"))
    for (experiment,) in connection.execute(select(verdicts.c.experiment).distinct()).all():
        if found := _OF_EXERCISE.fullmatch(experiment):
            connection.execute(
                update(verdicts)
                .where(verdicts.c.experiment == experiment)
                .values(exercise=found[1], profile=found[2] or "exact")
            )


def _add_experiments(connection: Connection) -> None:
    connection.execute(
        text(
            f"CREATE TABLE {experiments.name} (experiment TEXT NOT NULL, digest TEXT NOT NULL,"
            f" task TEXT NOT NULL, content TEXT NOT NULL, keys {_blob(connection)} NOT NULL,"
            " saved_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (experiment, digest))"
        )
    )


def _add_leases(connection: Connection) -> None:
    number = "SERIAL" if connection.dialect.name == "postgresql" else "INTEGER"
    keys = f"keys {_blob(connection)} NOT NULL"
    for table in (
        f"{drivers.name} (id TEXT NOT NULL PRIMARY KEY, host TEXT NOT NULL, boot TEXT NOT NULL,"
        " pid BIGINT NOT NULL, started BIGINT NOT NULL, beat BIGINT NOT NULL,"
        " changes BIGINT NOT NULL)",
        f"{leases.name} (id {number} NOT NULL PRIMARY KEY, driver TEXT NOT NULL, {keys})",
        f"{wishes.name} (id {number} NOT NULL PRIMARY KEY, driver TEXT NOT NULL,"
        f" holder TEXT NOT NULL, {keys})",
    ):
        connection.execute(text(f"CREATE TABLE {table}"))


def _blob(connection: Connection) -> str:
    return "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"


MIGRATIONS: list[Migration] = [
    _add_best_epoch,
    _add_remembered,
    _name_claims,
    _add_experiments,
    _add_leases,
]


def newest_version() -> int:
    """Return the version that this mlplab writes."""
    return len(MIGRATIONS) + 1


def version_of(connection: Connection) -> int:
    """Return the version of the tables that are there, 0 if there are none."""
    if not inspect(connection).has_table(schema.name):
        return 0
    return int(connection.execute(select(func.max(schema.c.version))).scalar() or 0)


def check_version(connection: Connection, place: Place) -> int:
    """Return the tables' version; refuse those of a newer mlplab, and files of something else."""
    version, newest = version_of(connection), newest_version()
    if version == 0:
        _refuse_strangers(connection, place)
    if version > newest:
        raise StoreError(
            f"the store {place.shown} was written by a newer mlplab (schema {version}; this one "
            f"knows up to {newest}): upgrade mlplab, or name another store"
        )
    if version and connection.dialect.name == "sqlite":
        _refuse_programs(connection, place)
    return version


def bring_up_to_date(connection: Connection, place: Place) -> None:
    """Create the tables, or apply the steps that are missing; one transaction, one process."""
    if connection.dialect.name == "postgresql":
        # Any number, but the same for all: opening a new database takes turns.
        connection.execute(text("SELECT pg_advisory_xact_lock(4021982)"))
    version = check_version(connection, place)
    if version == 0:
        metadata.create_all(connection)
        _note_version(connection, newest_version())
        return
    for number, migrate in enumerate(MIGRATIONS[version - 1 :], start=version + 1):
        migrate(connection)
        _note_version(connection, number)


def _refuse_strangers(connection: Connection, place: Place) -> None:
    if connection.dialect.name == "sqlite" and (names := inspect(connection).get_table_names()):
        raise StoreError(
            f"the store {place.shown} is a database of something else (it holds the table "
            f"'{names[0]}'): name another file"
        )


def _refuse_programs(connection: Connection, place: Place) -> None:
    """Refuse a file that would do more than hold rows: whoever made it, it was no mlplab."""
    query = text("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') LIMIT 1")
    if (row := connection.execute(query).first()) is not None:
        raise StoreError(
            f"the store {place.shown} has a {row.type} {str(row.name)!r}, which no mlplab makes "
            "and which would run as its rows are used: name another store"
        )


def _note_version(connection: Connection, version: int) -> None:
    row = {"version": version, "saved_at": time.time(), "mlplab": __version__}
    connection.execute(insert(schema), row)
