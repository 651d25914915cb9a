"""Transactions on the store's database: short, retried when others write, safe to fork around."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

from mlplab.errors import StoreError
from mlplab.extras import install_line
from mlplab.store.failures import (
    ELSEWHERE,
    UnwritableError,
    as_store_error,
    is_away,
    is_busy,
    may_be_readable,
    only_to_read,
)
from mlplab.store.filesystem import is_shared
from mlplab.store.frozen import copy_store, has_log
from mlplab.store.place import LOGS, Place
from mlplab.store.schema import bring_up_to_date, check_version, newest_version
from mlplab.store.upkeep import bytes_on_server

T = TypeVar("T")
Work = Callable[[Connection], T]

# Together they bound how long a writer waits for the others; Ctrl-C is answered in between.
PATIENCE_SECONDS = 60.0
_SQLITE_WAITS_SECONDS = 5.0
_BEGIN = "mlplab_begin"

# Ctrl-C within a connection's end is raised on; without a handler its traceback is printed first.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())

# SQLite forbids a fork while a connection is open in any thread: a fork waits for the transaction.
_connected = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_connected.acquire,
        after_in_parent=_connected.release,
        after_in_child=_connected.release,
    )


class Database:
    """A place, opened: every call connects, does its work in one transaction, and disconnects.

    No connection outlives its transaction and none is open during a fork, so threads and
    children share none.
    """

    def __init__(self, place: Place, *, create: bool) -> None:
        self.place = place
        self._closed = self._was_reached = False
        self._only_read: UnwritableError | None = None
        self._copy: TemporaryDirectory[str] | None = None
        if place.path is not None:
            _check_file(place, create)
        self._open_engine()
        try:
            self._prepare(create)
        except StoreError as error:
            if place.path is None or not may_be_readable(error):
                raise
            self._only_read = only_to_read(place, error)
            self._prepare_to_read(error)

    def read(self, work: Work[T]) -> T:
        """Return `work(connection)` on one consistent view."""
        return self._transact(work, "BEGIN")

    def write(self, work: Work[T]) -> T:
        """Return `work(connection)`, committed whole or not at all; it may be called again.

        Raises:
            UnwritableError: the place may only be read.
        """
        if self._only_read is not None:
            raise type(self._only_read)(*self._only_read.args)
        # The write lock at once: upgrading from a read would fail instead of waiting.
        return self._transact(work, "BEGIN IMMEDIATE")

    def size_bytes(self) -> int:
        """Return what the place takes on its disk, or in memory."""
        if not _is_sqlite(self.place):
            return self.read(bytes_on_server)
        if self.place.path is None:
            pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            return int(self.read(lambda c: c.exec_driver_sql(pages).scalar_one()))
        size = 0
        for end in ("", *LOGS):
            with contextlib.suppress(FileNotFoundError):
                size += Path(f"{self.place.path}{end}").stat().st_size
        return size

    def compact(self) -> None:
        """Give the pages of removed rows back to the disk, unless another process is writing."""
        if self.place.path is not None and self._only_read is None:
            with contextlib.suppress(StoreError):
                # Room is a nicety: it waits for nobody, and VACUUM may not stand in a transaction.
                self._transact(lambda c: c.exec_driver_sql("VACUUM"), None, patience_seconds=0.0)

    def empty_log(self) -> None:
        """Move SQLite's log into the file and give its room back, as far as that can be done."""
        with contextlib.suppress(StoreError):
            self._transact(lambda c: c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)"), None)

    def close(self) -> None:
        """Refuse further work; a store in memory is gone."""
        self._closed = True
        self._engine.dispose()

    def _open_engine(self) -> None:
        self._pid = os.getpid()
        if not _is_sqlite(self.place):
            self._engine = _server(self.place)
            return
        path = self.place.path
        # The mode keeps SQLite from making a new, empty file where a store was removed meanwhile.
        mode = "?mode=rw"
        if self._copy is not None and path is not None:
            path = Path(self._copy.name, path.name)
        elif self._only_read is not None:
            # immutable: SQLite then needs no files beside the store.
            mode = "?mode=ro&immutable=1"
        self._engine = _sqlite(None if path is None else _as_uri(path) + mode)

    def _check_usable(self) -> None:
        if self._closed:
            raise StoreError(f"the store {self.place.shown} is closed")
        # After a fork: SQLite's connections and locks belong to the parent.
        if self._pid != os.getpid():
            if self.place.in_memory:
                raise StoreError("a store in memory cannot be used from another process")
            self._open_engine()

    def _transact(
        self, work: Work[T], begin: str | None, patience_seconds: float | None = None
    ) -> T:
        self._check_usable()
        if patience_seconds is None:
            patience_seconds = PATIENCE_SECONDS
        deadline, pause = time.monotonic() + patience_seconds, 0.005
        while True:
            try:
                with _connected, self._engine.connect() as connection:
                    connection.execution_options(**{_BEGIN: begin})
                    self._was_reached = True
                    with connection.begin():
                        return work(connection)
            except (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
                # A server that was there once is waited for: it may be starting again.
                may_help = is_busy(error) or (self._was_reached and is_away(error))
                if not may_help or time.monotonic() + pause > deadline:
                    raise as_store_error(error, self.place) from error
            time.sleep(pause)
            # Doubling: writers that collided once do not keep in step.
            pause = min(2 * pause, 0.5)

    def _prepare(self, create: bool) -> None:
        version = self.read(lambda connection: check_version(connection, self.place))
        if version == 0 and not create:
            raise StoreError(f"there is no store at {self.place.shown} yet")
        if self.place.path is not None:
            # WAL lets others read during a write; network disks lack its shared memory.
            mode = "DELETE" if is_shared(self.place.path) else "WAL"
            self._transact(lambda c: c.exec_driver_sql(f"PRAGMA journal_mode={mode}"), None)
        if version < newest_version():
            self.write(lambda connection: bring_up_to_date(connection, self.place))

    def _prepare_to_read(self, problem: StoreError) -> None:
        """Open a file as it lies, or a copy of it, to read only."""
        path = self.place.path
        assert path is not None
        if has_log(path):
            self._copy = copy_store(path)
        self._open_engine()
        version = self.read(lambda connection: check_version(connection, self.place))
        if version == 0:
            raise problem
        if version < newest_version():
            if self._copy is None:
                self._copy = copy_store(path)
                self._open_engine()
            self._transact(lambda c: bring_up_to_date(c, self.place), "BEGIN IMMEDIATE")


def _is_sqlite(place: Place) -> bool:
    return place.path is not None or place.in_memory


def _check_file(place: Place, create: bool) -> None:
    path = place.path
    assert path is not None
    try:
        if path.is_dir():
            raise StoreError(f"the store {path} is a folder: expected a file, e.g. {path / 'runs'}")
        if path.exists():
            if not path.is_file():  # SQLite would wait for a pipe, or read a device without end
                raise StoreError(f"the store {path} is a device or pipe: {ELSEWHERE}")
            return
        if not create:
            raise StoreError(f"there is no store at {path} yet")
        if place.ours:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.parent.is_dir():
            raise StoreError(f"cannot make the store {path}: its folder does not exist")
        path.touch()
    except (OSError, ValueError) as error:
        says = getattr(error, "strerror", None) or error
        raise StoreError(f"cannot use the store {path}: {says}; {ELSEWHERE}") from error


class _KeptConnection(sqlite3.Connection):
    """A database in memory: SQLAlchemy closes what Ctrl-C interrupted, and all would be gone."""

    def close(self) -> None:
        self.rollback()


def _sqlite(uri: str | None) -> Engine:
    kept: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        if kept:
            return kept[0]
        connection = sqlite3.connect(
            uri or ":memory:",
            timeout=_SQLITE_WAITS_SECONDS,
            # Python's sqlite3 would begin transactions on its own; the event below begins each.
            isolation_level=None,
            check_same_thread=False,
            uri=uri is not None,
            factory=_KeptConnection if uri is None else sqlite3.Connection,
        )
        # On the disk when `put` returns: hours of training are worth a sync.
        connection.execute("PRAGMA synchronous=FULL")
        if uri is None:
            kept.append(connection)
        return connection

    # A connection that is kept may be in a fork's child, where SQLite forbids its use.
    pool = StaticPool if uri is None else NullPool
    engine = create_engine("sqlite://", creator=connect, poolclass=pool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if statement := connection.get_execution_options().get(_BEGIN):
            connection.exec_driver_sql(statement)

    return engine


def _as_uri(path: Path) -> str:
    # `Path.as_uri` names a Windows server in a way that SQLite refuses.
    text = path.as_posix()
    return "file://" + ("" if text.startswith("/") else "/") + quote(os.fsencode(text), safe="/:")


def _server(place: Place) -> Engine:
    url = _with_driver(make_url(place.url))
    arguments: dict[str, Any] = {}
    if url.drivername.endswith(("psycopg", "psycopg2")) and "connect_timeout" not in url.query:
        # Otherwise an unreachable server is noticed after the system's TCP timeout, of minutes.
        arguments["connect_timeout"] = 10
    try:
        return create_engine(url, poolclass=NullPool, connect_args=arguments)
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            f"no driver for the store {place.shown}; try: {install_line('psycopg')}"
        ) from error
    except ArgumentError as error:
        raise as_store_error(error, place) from error


def _with_driver(url: URL) -> URL:
    if "+" in url.drivername:
        return url
    installed = (name for name in ("psycopg", "psycopg2") if importlib.util.find_spec(name))
    return url.set(drivername="postgresql+" + next(installed, "psycopg"))
