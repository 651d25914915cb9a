from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from mlplab.errors import StoreError
from mlplab.specs import Outcome
from mlplab.specs.columns import Keys
from mlplab.store import Store, database
from mlplab.store.code import code_identity
from mlplab.store.failures import FullError, UnwritableError, as_store_error, is_away, is_busy
from mlplab.store.place import find_place


@contextlib.contextmanager
def one_line(*parts):
    """Expect a StoreError of one line that holds `parts`."""
    with pytest.raises(StoreError) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert str(part) in message


@contextlib.contextmanager
def as_nobody():
    """Lay down the rights of root, whom no permission stops."""
    code_identity()  # imports what it needs: Python may lie where nobody else may read
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that every user may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_file_that_is_no_database(file):
    file.write_text("key,seed\n" * 1000)
    with one_line(file, "is not a database", "MLPLAB_STORE"):
        Store(file)
    assert file.read_text() == "key,seed\n" * 1000


def test_a_database_of_something_else(file):
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE photographs (name)")
    before = file.read_bytes()
    with one_line(file, "something else", "photographs"):
        Store(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("harm", ["overwritten", "cut short"])
def test_a_damaged_file(file, outcome, harm):
    keys = [f"k{number}" for number in range(2000)]
    with Store(file) as store:
        store.put([outcome(key) for key in keys])
    whole = file.read_bytes()
    junk = random.Random(0).randbytes(len(whole) - 8192)
    file.write_bytes(whole[:8192] + junk if harm == "overwritten" else whole[: len(whole) // 2])
    with one_line(file, "is damaged"), Store(file) as store:
        store.get(keys)


def test_a_name_that_is_no_text(file):
    Store(file).close()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET name = CAST(X'ff' AS TEXT), sql = 'CREATE TABLE'"
        )
        connection.commit()
    with one_line(file, "is damaged"), Store(file) as store:
        store.size_bytes()


@pytest.mark.parametrize("word", [b"thesis", "half: \udcff", 3, "a\0b"])
def test_words_that_are_none_are_refused_before_they_are_kept(file, word):
    with Store(file) as store:
        for keep in (
            lambda: store.log_look("test", word, "an experiment", 1, False),
            lambda: store.put_membership("an experiment", word, "content", []),
        ):
            with one_line("a store keeps text that UTF-8 can write; got"):
                keep()
        assert store.looks() == []
        assert store.memberships() == []


def test_asking_for_words_that_are_none(file):
    with Store(file) as store, one_line("a store keeps text that UTF-8 can write; got '\\udcff'"):
        store.prune(stale_engine="\udcff")


def test_whole_numbers_beyond_64_bits(file):
    with Store(file) as store, one_line(file, "expected whole numbers below 2**63"):
        store.log_look("test", "a purpose", "an experiment", 2**63, False)


def test_a_damaged_row(file, outcome):
    with Store(file) as store:
        store.put([outcome("kk")])
        with contextlib.closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE mlplab_outcomes SET history = x'50ff'")
        with one_line("run kk", "cannot be read"):
            store.get(["kk"])


@pytest.mark.parametrize(
    "change",
    [
        "best_epoch = 4611686018427387904",
        "best_epoch = 3",
        "best_epoch = 0",
        "epochs = 9000000000",
        "epochs = 5, best_epoch = 5",  # of a history of two
        "diverged_epoch = 7",
        "n_params = 'many'",
        "epochs = 2147483647",  # a table of so many rows, of a history of two
        "seconds = 9e999",
    ],
)
def test_a_row_of_what_cannot_be(file, change):
    key = "ab" * 16
    with Store(file) as store:
        store.put([Outcome(key, "here", "finished", 2, {"train_loss": (0.5, 0.4)}, 0.1, 1)])
        with contextlib.closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(f"UPDATE mlplab_outcomes SET {change}")
        with one_line(f"run {key}", "cannot be read"):
            store.get([key])
        with one_line(f"run {key}", "cannot be read"):
            store.outcomes(Keys.of([key]))


def test_a_folder_is_no_store(tmp_path):
    with one_line(tmp_path, "is a folder"):
        Store(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_or_device_is_no_store(file):
    os.mkfifo(file)
    for place in (file, "/dev/zero", "/dev/null"):
        with one_line(place, "is a device or pipe"):
            Store(place)


def test_a_missing_folder_is_not_made(tmp_path):
    with one_line(tmp_path / "no" / "s.sqlite", "folder does not exist"):
        Store(tmp_path / "no" / "s.sqlite")
    assert os.listdir(tmp_path) == []


def test_a_file_is_no_folder(file):
    file.touch()
    with one_line(file / "s.sqlite"):
        Store(file / "s.sqlite")


@pytest.mark.parametrize("there", [False, True])
def test_no_store_where_none_may_be_made(file, there):
    if there:
        file.touch()
    with one_line(f"no store at {file}"):
        Store(file, create=False)
    assert file.exists() == there
    if there:
        assert file.read_bytes() == b""


def test_a_folder_that_may_not_be_written(open_folder):
    Store(":memory:").close()
    open_folder.chmod(0o555)
    with as_nobody(), one_line(open_folder, "Permission denied"):
        Store(open_folder / "s.sqlite")


@pytest.mark.parametrize("locked", ["folder", "file", "both"])
def test_a_store_that_may_not_be_written(open_folder, outcome, locked):
    file = open_folder / "s.sqlite"
    with Store(file) as store:
        store.put([outcome()])
    file.chmod(0o666 if locked == "folder" else 0o444)
    open_folder.chmod(0o777 if locked == "file" else 0o555)
    with as_nobody(), one_line(file, "permissions" if locked == "file" else "folder"):
        Store(file).put([outcome("other")])


def test_a_store_removed_meanwhile_is_not_made_anew(file, outcome):
    with Store(file) as store:
        file.unlink()
        with one_line(file, "cannot be opened"):
            store.put([outcome()])
    assert not file.exists()


def test_a_closed_store(place, outcome):
    store = Store(place)
    store.close()
    with one_line("is closed"):
        store.put([outcome()])


@pytest.mark.parametrize(
    "address",
    [
        "mysql://ada:secret@host/runs",
        "postgresql://ada:secret@host:port/runs",
        "postgresql+nothing://ada:secret@host/runs",
        "postgresql://ada:sec@secret@127.0.0.1:1/runs",
        "postgres://ada:secret@127.0.0.1:1/runs",
        "sqlite://runs.sqlite",
        "sqlite:///",
        "https://host/runs",
        "",
        "a\0b",
    ],
)
def test_an_address_that_leads_nowhere(address, monkeypatch):
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    with pytest.raises(StoreError) as caught:
        Store(address)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert address.partition(":")[0].split("+")[0][:8] in str(caught.value)


def test_ctrl_c_takes_nothing_from_a_store_in_memory(outcome, monkeypatch):
    with Store(":memory:") as store:
        store.put([outcome("k1")])
        dialect = store._database._engine.dialect
        execute, n = dialect.do_execute, iter(range(9))

        def interrupted(*args):
            if next(n) == 2:  # in the middle of a transaction
                raise KeyboardInterrupt
            return execute(*args)

        monkeypatch.setattr(dialect, "do_execute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.put([outcome("k2")], {"k2": "{}"})
        monkeypatch.undo()
        assert set(store.get(["k1", "k2"])) == {"k1"}
        store.put([outcome("k3")])
        assert set(store.get(["k1", "k2", "k3"])) == {"k1", "k3"}


def test_a_missing_driver(monkeypatch):
    for name in ("psycopg", "psycopg2"):
        monkeypatch.setitem(sys.modules, name, None)
    with one_line("postgresql://host/runs", "python -m pip install 'psycopg[binary]'"):
        Store("postgresql://host/runs")


def test_a_full_disk_and_a_broken_one(file):
    place = find_place(file)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA max_page_count=3")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("CREATE TABLE t AS SELECT zeroblob(1000000) AS x")
    assert "disk is full" in str(as_store_error(caught.value, place))
    assert str(file) in str(as_store_error(caught.value, place))
    assert not is_busy(caught.value)


def test_a_lock_that_is_not_given_back(file, outcome, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(database, "_SQLITE_WAITS_SECONDS", 0.02)
    with Store(file) as store, contextlib.closing(sqlite3.connect(file)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        with one_line(file, "stays locked"):
            store.put([outcome()])
        assert store.get(["k"]) == {}
        other.execute("ROLLBACK")
        store.put([outcome()])
        assert "k" in store.get(["k"])


@pytest.mark.parametrize(
    ("state", "kind", "busy", "away"),
    [
        ("42501", UnwritableError, False, False),  # no right to
        ("25006", UnwritableError, False, False),  # a transaction that may only read
        ("53100", FullError, False, False),
        ("57014", StoreError, True, False),  # a statement that took longer than it may
        ("25P03", StoreError, False, True),  # a transaction that idled longer than it may
        ("42P01", StoreError, False, False),
    ],
)
def test_what_a_server_says_by_number(state, kind, busy, away):
    cause = Exception("says so")
    cause.sqlstate = state
    error = DBAPIError("INSERT", {}, cause)
    place = find_place("postgresql://me:secret@host/runs")
    said = as_store_error(error, place)
    assert type(said) is kind
    assert "says so" in str(said)
    assert "secret" not in str(said)
    assert (is_busy(error), is_away(error)) == (busy, away)
