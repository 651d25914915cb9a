"""What a database says went wrong, as one line that names the place and what to try."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from mlplab.errors import StoreError
from mlplab.store.place import Place

ELSEWHERE = "name another with --store or MLPLAB_STORE"
COMPUTED_AGAIN = "move the store away (its runs are computed again), or name another"
# PostgreSQL: serialisation, deadlock, lock, a statement that waited for one too long
_LOST_RACES = ("40001", "40P01", "55P03", "57014")
# PostgreSQL: connection, shutdown, crash, start, a transaction that idled too long
_AWAY = ("08", "57P01", "57P02", "57P03", "25P03")
_UNWRITABLE = ("42501", "25006")  # PostgreSQL: no right to, and transactions that only read
_NO_SPACE = "53100"

_SQLITE = {
    "SQLITE_NOTADB": f"is not a database: move it away, or {ELSEWHERE}",
    "SQLITE_CORRUPT": f"is damaged ({{}}): move it away (its runs are computed again), "
    f"or {ELSEWHERE}",
    "SQLITE_CANTOPEN": f"cannot be opened: check that its folder exists and may be written to, "
    f"or {ELSEWHERE}",
    "SQLITE_READONLY": f"may only be read: check its permissions and its folder's, and that its "
    f"disk is not read-only, or {ELSEWHERE}",
    "SQLITE_PERM": f"may not be read: check its permissions, or {ELSEWHERE}",
    "SQLITE_FULL": f"cannot be written, its disk is full: free a megabyte there "
    f"(`mlplab store prune` can then make more room), or {ELSEWHERE}",
    "SQLITE_IOERR": f"cannot be read or written ({{}}): check its disk and your quota there, "
    f"or {ELSEWHERE}",
    "SQLITE_BUSY": f"stays locked by another process: end that one, or {ELSEWHERE}",
    "SQLITE_LOCKED": f"stays locked by another process: end that one, or {ELSEWHERE}",
}


# What opening a sound file meets where SQLite cannot make its own files beside it.
_NO_ROOM = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_FULL", "SQLITE_IOERR")


_ROOM_BYTES = 64 * 1024  # a map of 32 kB, and a log


class UnwritableError(StoreError):
    """A store that may be read but not written: its disk is read-only, or full."""


class FullError(UnwritableError):
    """A store whose disk is full."""


# By the beginning of SQLite's name; every other error is a plain `StoreError`.
_KINDS = {"SQLITE_FULL": FullError, "SQLITE_READONLY": UnwritableError}


def may_be_readable(error: StoreError) -> bool:
    """Tell whether a store that could not be opened as usual may be read all the same."""
    name = _sqlite_name(getattr(error.__cause__, "orig", None) or error.__cause__)
    return name.startswith(_NO_ROOM)


def only_to_read(place: Place, error: StoreError) -> UnwritableError:
    """Return what writing to such a store says."""
    if isinstance(error, UnwritableError):
        return error
    full = place.path is not None and _has_no_room(place.path)
    name, kind = ("SQLITE_FULL", FullError) if full else ("SQLITE_READONLY", UnwritableError)
    return kind(f"the store {place.shown} {_SQLITE[name]}")


def _has_no_room(path: Path) -> bool:
    """Tell whether a disk is too full for the files that SQLite makes beside a store."""
    try:
        return shutil.disk_usage(path.parent).free < _ROOM_BYTES
    except OSError:
        return False


def is_busy(error: Exception) -> bool:
    """Tell whether the same transaction may succeed when tried again."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        return _sqlite_name(cause).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return _sqlstate(cause) in _LOST_RACES


def is_away(error: Exception) -> bool:
    """Tell whether a server has gone, is going, or is not there yet."""
    cause = getattr(error, "orig", None) or error
    if not isinstance(error, DBAPIError) or isinstance(cause, sqlite3.Error):
        return False
    return (_sqlstate(cause) or "08").startswith(_AWAY)


def as_store_error(error: Exception, place: Place) -> StoreError:
    """Translate an error of SQLAlchemy or of a driver.

    What Python cannot decode is damage too: of names, which SQLite's own messages then quote.
    """
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, StoreError):  # of a value inside a statement
        return cause
    if isinstance(cause, OverflowError):
        return StoreError(f"the store {place.shown}: {cause}; expected whole numbers below 2**63")
    if isinstance(cause, UnicodeDecodeError):
        advice = _SQLITE["SQLITE_CORRUPT"].format("text that is not UTF-8")
        return StoreError(f"the store {place.shown} {advice}")
    says = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    if isinstance(cause, sqlite3.Error):
        name = _sqlite_name(cause)
        for start, advice in _SQLITE.items():
            if name.startswith(start):
                if start == "SQLITE_IOERR" and place.path is not None and _has_no_room(place.path):
                    start, advice = "SQLITE_FULL", _SQLITE["SQLITE_FULL"]
                kind = _KINDS.get(start, StoreError)
                return kind(f"the store {place.shown} {advice.format(says)}")
    elif _sqlstate(cause) is None:
        return StoreError(
            f"cannot reach the store {place.shown}: {says}; check the address and that the "
            f"server runs, or {ELSEWHERE}"
        )
    state = _sqlstate(cause)
    kind = FullError if state == _NO_SPACE else StoreError
    return (UnwritableError if state in _UNWRITABLE else kind)(
        f"the store {place.shown} refused: {says}"
    )


def _sqlite_name(error: object) -> str:
    return str(getattr(error, "sqlite_errorname", ""))


def _sqlstate(error: object) -> str | None:
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


@contextmanager
def naming(key: str, what: str = "row") -> Iterator[None]:
    """Say which run's row is damaged, or what else is stored of it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"the stored {what} of run {key} cannot be read: {error}; {COMPUTED_AGAIN}"
        ) from error
