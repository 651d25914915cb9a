"""A store that may not be written is read; what is written says one line."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.store.test_failures import as_nobody

from mlplab.errors import StoreError
from mlplab.store import Checkpoint, Store, schema
from mlplab.store.failures import FullError, UnwritableError


@pytest.fixture
def frozen(outcome):
    """A folder and a file in it that nobody may write; open it as nobody."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "s.sqlite"
        with Store(file) as store:
            store.put([outcome("k1")], {"k1": "{}"}, {"k1": b"weights"})
            store.log_look("test", "score", "e", 1, False)
            store.put_verdicts("e", [{"id": "c", "n_seeds": 8}])
        yield file
        folder.chmod(0o755)


def lock(file):
    for path in file.parent.iterdir():
        path.chmod(0o444)
    file.parent.chmod(0o555)


def leave_in_log(file, outcome):
    """Put a run that a killed writer left in SQLite's log."""
    copy = file.with_name("copy")
    with Store(file) as store, contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("SELECT count(*) FROM mlplab_runs").fetchall()
        store.put([outcome("k2")])
        shutil.copy(file, copy)
        shutil.copy(f"{file}-wal", f"{copy}-wal")
    os.replace(copy, file)
    os.replace(f"{copy}-wal", f"{file}-wal")


@pytest.mark.parametrize(("journal", "log"), [("WAL", False), ("WAL", True), ("DELETE", False)])
def test_everything_can_be_read(frozen, outcome, journal, log):
    with contextlib.closing(sqlite3.connect(frozen)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
    if log:
        leave_in_log(frozen, outcome)
    lock(frozen)
    with as_nobody(), Store(frozen, create=False) as store:
        assert set(store.get(["k1", "k2"])) == ({"k1", "k2"} if log else {"k1"})
        assert store.weights(["k1"]) == {"k1": b"weights"}
        assert store.runs(["k1"]) == {"k1": "{}"}
        assert len(store.looks()) == len(store.verdicts("e")) == 1
        assert store.info().rows["outcomes"] == 1 + log
        assert store.recall("nothing") is None
    assert sorted(path.name for path in frozen.parent.iterdir()) == [
        frozen.name,
        *([f"{frozen.name}-wal"] if log else []),
    ]


def test_an_older_one_too(frozen, outcome, monkeypatch):
    def add_table(connection):
        connection.execute(text("CREATE TABLE mlplab_extra (name TEXT)"))

    lock(frozen)
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, add_table])
    before = frozen.read_bytes()
    with as_nobody(), Store(frozen) as store:
        assert store.info().schema_version == schema.newest_version()
        assert "k1" in store.get(["k1"])
        with pytest.raises(UnwritableError):
            store.put([outcome("k1")], weights={"k1": b"others"})
    assert frozen.read_bytes() == before


def test_what_is_written_says_one_line(frozen, outcome, caplog):
    lock(frozen)
    with as_nobody(), Store(frozen) as store:
        for write in (
            lambda: store.put([outcome("k3")]),
            lambda: store.put_checkpoints([Checkpoint("k3", 1, 1, b"state")], "p1"),
            lambda: store.prune(weights=True),
        ):
            with pytest.raises(
                StoreError, match=r"s\.sqlite may only be read: .*--store"
            ) as caught:
                write()
            assert "\n" not in str(caught.value)
        # Results that are there are shown all the same: what goes with them is not kept.
        with caplog.at_level(logging.WARNING):
            store.log_look("test", "score", "e", 1, True)
            store.put_verdicts("e", [{"id": "c", "n_seeds": 16}])
            store.remember("key", "a picture", b"blob")
        assert [line.getMessage().split(": ")[1] for line in caplog.records] == [
            "this look at the test split",
            "verdicts",
        ]
        assert len(store.looks()) == len(store.verdicts("e")) == 1
        assert store.recall("key") is None


def test_what_cannot_be_read_either_says_so(frozen):
    frozen.chmod(0o000)
    frozen.parent.chmod(0o555)
    with as_nobody(), pytest.raises(StoreError, match="cannot be opened"):
        Store(frozen)
    frozen.parent.chmod(0o755)
    frozen.write_bytes(b"")
    lock(frozen)
    with as_nobody(), pytest.raises(StoreError, match="may only be read"):
        Store(frozen)


WAYS = [{"weights": True}, {"checkpoints": True}, {"older_than_days": 0.0}, {"stale_engine": "0"}]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_few_rows_at_a_time_is_as_all_at_once(tmp_path, outcome, monkeypatch, way):
    from mlplab.store import upkeep

    def full(*_):
        raise FullError("full")

    def filled(name):
        store = Store(tmp_path / name)
        keys = [f"k{number}" for number in range(50)]
        store.put([outcome(k) for k in keys[:45]], dict.fromkeys(keys, "{}"), {keys[0]: b"w"})
        store.put_checkpoints([Checkpoint("k49", 1, 1, b"state")], "p1")
        store.remember("key", "a picture", b"blob")
        return store

    with filled("whole") as whole, filled("steps") as steps:
        report = whole.prune(**way)
        monkeypatch.setattr(upkeep, "remove", full)
        assert steps.prune(**way) == report
        assert steps.info().rows == whole.info().rows


def test_a_full_disk_is_read_and_pruned_once_there_is_a_little_room(small_disk, outcome):
    (small_disk / "ballast").write_bytes(bytes(200_000))
    file, n = small_disk / "s.sqlite", 0

    def fill():
        nonlocal n
        while True:
            keys = [f"k{number}" for number in range(n, n + 20)]
            store.put([outcome(key) for key in keys], {}, dict.fromkeys(keys, bytes(4000)))
            n += 20

    with Store(file) as store:
        with pytest.raises(FullError, match=r"free a megabyte there .*store prune.*--store"):
            fill()
        for attempt in (lambda: store.prune(weights=True), lambda: Store(file).prune(weights=True)):
            with pytest.raises(FullError, match="free a megabyte there"):
                attempt()
    Path(f"{file}-shm").unlink()  # as another machine would find it
    assert len(Store(file).get([f"k{number}" for number in range(n)])) == n
    (small_disk / "ballast").unlink()
    full = n
    with Store(file) as store:
        assert store.prune(weights=True).rows == {"weights": full}
        with pytest.raises(FullError):
            fill()
        assert n > full


def test_a_disk_without_a_byte_left_is_called_full_when_a_store_is_opened(small_disk, outcome):
    file = small_disk / "s.sqlite"
    with Store(file) as store:
        store.put([outcome("k")])
    with contextlib.suppress(OSError), open(small_disk / "ballast", "wb", 0) as ballast:
        while True:
            ballast.write(bytes(4096))
    with Store(file) as store:
        assert len(store.get(["k"])) == 1
        with pytest.raises(FullError, match="its disk is full"):
            store.put([outcome("other")])
