"""Features that were computed before, kept in the user's cache by what they were computed of."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt

from mlplab.data.places import cache_folder

Row = npt.NDArray[np.float32]

_log = logging.getLogger(__name__)
# What SQLite takes in one statement, in every version.
_AT_ONCE = 500


@final
class FeatureCache:
    """The features of images by one extractor: a database file of its own in the user's cache.

    A batch is kept whole or not at all, also where the process is killed. Where the file cannot be
    read or written nothing is kept; one that is damaged is made again.

    Args:
        key: of the extractor; None keeps nothing.
    """

    def __init__(self, key: str | None) -> None:
        self._path = None if key is None else cache_folder() / "features" / f"{key}.sqlite"
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> FeatureCache:
        if self._path is not None:
            try:
                self._database = _open(self._path)
            except (OSError, sqlite3.Error) as problem:
                _log.info("features are not kept: %s: %s", self._path, problem)
        return self

    def __exit__(self, *_: object) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def recall(self, images: Sequence[str]) -> dict[str, Row]:
        """Return what is known, by the hash of the image."""
        known: dict[str, Row] = {}
        for start in range(0, len(images), _AT_ONCE) if self._database is not None else ():
            some = images[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT image, features FROM features WHERE image IN ({marks})"
            with self._giving_up():
                assert self._database is not None
                for image, values in self._database.execute(query, some):
                    known[image] = np.frombuffer(values, "<f4")
        return known

    def keep(self, features: Mapping[str, Row]) -> None:
        """Write features by the hash of their image, all or none of them."""
        if self._database is None:
            return
        rows = [(image, values.astype("<f4").tobytes()) for image, values in features.items()]
        with self._giving_up(), self._database as transaction:
            transaction.executemany("INSERT OR REPLACE INTO features VALUES (?, ?)", rows)

    @contextlib.contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            _log.info("features are not kept: %s: %s", self._path, problem)
            self._database = None


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _table(path)
    except sqlite3.DatabaseError as problem:
        if isinstance(problem, sqlite3.OperationalError):
            raise  # locked, full or not writable: nothing is wrong with the file
        path.unlink()
        return _table(path)


def _table(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=30)
    try:
        with database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS features (image TEXT PRIMARY KEY, features BLOB)"
            )
            database.execute("SELECT count(*) FROM features").fetchone()
    except BaseException:
        database.close()
        raise
    return database
