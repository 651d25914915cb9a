"""Features that were computed before, kept in the user's cache by what they were computed of."""

from __future__ import annotations

import contextlib
import logging
import math
import sqlite3
import time
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
MOST_BYTES = 4_000_000_000
"""Of the features of all extractors together: those of 750,000 images by EfficientNet-Lite0."""
# Less than the bound, so that not every further batch moves the file.
_KEPT_SHARE = 0.75


@final
class FeatureCache:
    """The features of images by one extractor: a database file of its own in the user's cache.

    A batch is kept whole or not at all, also where the process is killed. Where the file cannot be
    read or written nothing is kept; one that is damaged is made again. Where all extractors'
    features take more than `MOST_BYTES`, the ones that were not used for longest go, to the hour,
    when whoever wrote the last ones ends.

    Args:
        key: of the extractor; None keeps nothing.
    """

    def __init__(self, key: str | None) -> None:
        self._path = None if key is None else cache_folder() / "features" / f"{key}.sqlite"
        self._database: sqlite3.Connection | None = None
        self._has_grown = False

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
        if self._has_grown and self._path is not None:
            drop_oldest(self._path.parent, MOST_BYTES)
            self._has_grown = False

    def recall(self, images: Sequence[str]) -> dict[str, Row]:
        """Return what is known, by the hash of the image."""
        known: dict[str, Row] = {}
        for start in range(0, len(images), _AT_ONCE) if self._database is not None else ():
            some = images[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT image, features, used FROM features WHERE image IN ({marks})"
            with self._giving_up():
                assert self._database is not None
                hour, stale = _hour(), []
                for image, values, used in self._database.execute(query, some):
                    known[image] = np.frombuffer(values, "<f4")
                    if used < hour:
                        stale.append((hour, image))
                if stale:
                    with self._database as transaction:
                        transaction.executemany(
                            "UPDATE features SET used = ? WHERE image = ?", stale
                        )
        return known

    def keep(self, features: Mapping[str, Row]) -> None:
        """Write features by the hash of their image, all or none of them."""
        if self._database is None:
            return
        hour = _hour()
        rows = [(key, values.astype("<f4").tobytes(), hour) for key, values in features.items()]
        with self._giving_up(), self._database as transaction:
            transaction.executemany(
                "INSERT OR REPLACE INTO features (image, features, used) VALUES (?, ?, ?)", rows
            )
            self._has_grown = True

    @contextlib.contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            _log.info("features are not kept: %s: %s", self._path, problem)
            self._database = None


def drop_oldest(folder: Path, most_bytes: float) -> None:
    """Drop the features that were not used for longest, where a folder's take more than so much.

    What another process is writing is left as it is.
    """
    paths = sorted(folder.glob("*.sqlite"))
    with contextlib.suppress(OSError):
        excess = sum(path.stat().st_size for path in paths) - most_bytes
        if excess <= 0:
            return
        excess += (1 - _KEPT_SHARE) * most_bytes
        for path, n in _oldest(paths, excess).items():
            _drop(path, n)


def _oldest(paths: Sequence[Path], excess: float) -> dict[Path, int]:
    """Return how many of each file's rows to drop, so that about so many bytes go."""
    groups: list[tuple[int, Path, int, float]] = []
    for path in paths:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_open(path)) as database:
            counts = database.execute("SELECT used, count(*) FROM features GROUP BY used")
            found = dict(counts.fetchall())
            each = path.stat().st_size / max(1, sum(found.values()))
            groups += [(used, path, n, n * each) for used, n in found.items()]
    dropped: dict[Path, int] = {}
    for _, path, n, size in sorted(groups, key=lambda group: group[0]):
        if excess <= 0:
            break
        share = min(1.0, excess / size)
        dropped[path] = dropped.get(path, 0) + math.ceil(n * share)
        excess -= size * share
    return dropped


def _drop(path: Path, n: int) -> None:
    try:
        with contextlib.closing(_open(path)) as database:
            with database:
                database.execute(
                    "DELETE FROM features WHERE rowid IN "
                    "(SELECT rowid FROM features ORDER BY used, rowid LIMIT ?)",
                    (n,),
                )
            database.execute("VACUUM")
            is_empty = database.execute("SELECT count(*) FROM features").fetchone()[0] == 0
        if is_empty:
            path.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as problem:
        _log.info("features are not dropped: %s: %s", path, problem)


def _hour() -> int:
    """Return the hour, counted from 1970: rows are used at most so often."""
    return int(time.time() // 3600)


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
                "CREATE TABLE IF NOT EXISTS features "
                "(image TEXT PRIMARY KEY, features BLOB, used INTEGER NOT NULL DEFAULT 0)"
            )
            columns = database.execute("PRAGMA table_info(features)").fetchall()
            if "used" not in [column[1] for column in columns]:  # written before there was one
                with contextlib.suppress(sqlite3.OperationalError):  # by another process just now
                    database.execute(
                        "ALTER TABLE features ADD COLUMN used INTEGER NOT NULL DEFAULT 0"
                    )
            database.execute("SELECT max(used), count(*) FROM features").fetchone()
    except BaseException:
        database.close()
        raise
    return database
