"""Where a store is: a file, a database's address, or memory."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from mlplab.errors import StoreError
from mlplab.named_paths import home

LOGS = ("-wal", "-journal")
"""Endings of the files in which SQLite keeps, beside a store's, what is not in it yet."""

BESIDE = (*LOGS, "-shm")
"""Endings of all that SQLite writes beside a store's file."""

_SECRETS = re.compile(r"([?&]\w*password=)[^&]*", re.IGNORECASE)
EXPECTED = "a file, sqlite:///FILE or postgresql://USER@HOST/DATABASE"


@dataclass(frozen=True, slots=True)
class Place:
    """A resolved address: `url` opens it again, `shown` is fit to be printed."""

    url: str
    shown: str
    path: Path | None = None
    ours: bool = False

    @property
    def in_memory(self) -> bool:
        """Whether it ends with the process."""
        return self.url == "sqlite:///:memory:"

    @property
    def files(self) -> tuple[Path, ...]:
        """The store's file and those beside it, written or not; none on a server or in memory."""
        return (
            () if self.path is None else tuple(Path(f"{self.path}{end}") for end in ("", *BESIDE))
        )


def default_path() -> Path:
    """Return the store's file in the user's data folder; `XDG_DATA_HOME` moves that folder."""
    own_home = home("to keep the store in", "a file in MLPLAB_STORE", StoreError)
    chosen = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(chosen):
        folder = Path(chosen)
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or own_home / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = own_home / "Library" / "Application Support"
    else:
        folder = own_home / ".local" / "share"
    return folder / "mlplab" / "store.sqlite"


def find_place(where: str | os.PathLike[str] | None) -> Place:
    """Resolve what a user named; `None` is `MLPLAB_STORE`, else `default_path()`.

    >>> find_place(":memory:").in_memory
    True
    >>> find_place("mysql://somewhere/runs")
    Traceback (most recent call last):
    mlplab.errors.StoreError: cannot keep a store in a 'mysql' database: expected a file, ...
    """
    if where is None:
        named = os.environ.get("MLPLAB_STORE", "")
        if not named:
            path = default_path()
            return Place(f"sqlite:///{path}", str(path), path, ours=True)
        where = named
    text = os.fspath(where) if isinstance(where, str | os.PathLike) else None
    if not isinstance(text, str):
        raise StoreError(f"store: expected {EXPECTED}; got {where!r}")
    if not text:
        raise StoreError(f"the store's place is empty: expected {EXPECTED}")
    if text in (":memory:", "sqlite://", "sqlite:///:memory:"):
        return Place("sqlite:///:memory:", "memory")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)
    if scheme is None and (half := re.match(r"(sqlite|postgres(ql)?)(\+\w+)?:", text.lower())):
        # Not shown: a password may stand in it.
        raise StoreError(f"a store's address that begins {half[0]!r}: expected {EXPECTED}")
    if scheme is None:
        return _file(text)
    kind = scheme[1].lower().split("+")[0]
    if kind == "sqlite" and text.lower().startswith("sqlite:///") and len(text) > 10:
        return _file(text[len("sqlite:///") :])
    if kind in ("postgresql", "postgres"):
        return _server(text)
    if kind == "sqlite":
        raise StoreError(f"cannot read the store's address '{text}': expected {EXPECTED}")
    raise StoreError(f"cannot keep a store in a '{kind}' database: expected {EXPECTED}")


def _file(text: str) -> Place:
    try:
        path = Path(os.path.abspath(Path(text).expanduser()))
    except (RuntimeError, ValueError) as error:
        raise StoreError(f"cannot use {text!r} as the store's file: {error}") from error
    return Place(f"sqlite:///{path}", str(path), path)


def _server(text: str) -> Place:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    hidden = re.sub(r"(://[^:/@]*:).*@", r"\1***@", text)
    hidden = re.sub(r"(://[^:/@]*:)[^@]*$", r"\1***", hidden)  # no host
    hidden = _SECRETS.sub(r"\1***", hidden)
    try:
        text.encode()  # half of a surrogate pair is no address
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            f"cannot read the store's address '{hidden}': expected {EXPECTED}"
        ) from error
    if "@" in (url.host or ""):
        raise StoreError(f"cannot read the store's address '{hidden}': write @ in names as %40")
    _, plus, driver = url.drivername.partition("+")
    url = url.set(drivername="postgresql" + plus + driver)
    shown = _SECRETS.sub(r"\1***", url.render_as_string())
    return Place(url.render_as_string(hide_password=False), shown)
