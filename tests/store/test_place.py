from __future__ import annotations

import contextlib
import os
import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import mlplab.store
from mlplab.errors import StoreError
from mlplab.store import Store, database
from mlplab.store.filesystem import filesystem_of, is_shared, read_mountinfo
from mlplab.store.place import default_path, find_place

SOURCE = Path(mlplab.store.__file__).parents[2]


def test_the_public_names():
    assert mlplab.store.__all__ == [
        "Checkpoint",
        "Membership",
        "PruneReport",
        "Row",
        "Seen",
        "Store",
        "StoreInfo",
    ]


def test_importing_the_room_loads_no_database_library():
    code = "import sys, mlplab.store; print({'sqlalchemy', 'torch', 'pandas'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "set()"


def test_by_default_the_store_is_in_the_users_data_folder(tmp_path, monkeypatch, outcome):
    monkeypatch.delenv("MLPLAB_STORE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with Store() as store:
        store.put([outcome()])
    assert Path(store.where) == default_path() == tmp_path / "data" / "mlplab" / "store.sqlite"
    assert default_path().is_file()


def test_a_relative_data_home_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", "somewhere")
    assert default_path().is_relative_to(tmp_path)


def test_the_environment_names_a_store_and_the_argument_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("MLPLAB_STORE", str(tmp_path / "env.sqlite"))
    assert find_place(None).path == tmp_path / "env.sqlite"
    assert find_place(tmp_path / "argument.sqlite").path == tmp_path / "argument.sqlite"
    monkeypatch.setenv("MLPLAB_STORE", "")
    assert find_place(None).path == default_path()


def test_one_store_has_many_names(tmp_path, monkeypatch, outcome):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with Store("s.sqlite") as store:
        store.put([outcome()])
        names = [store.url, tmp_path / "s.sqlite", "~/s.sqlite", "sqlite:///s.sqlite"]
    monkeypatch.chdir("/")
    names[3] = f"sqlite:///{tmp_path}/s.sqlite"
    for name in names:
        with Store(name, create=False) as again:
            assert again.url == store.url
            assert "k" in again.get(["k"])


@pytest.mark.parametrize("name", ["a b.sqlite", "ü?mode=ro#x%20.db", "100%.sqlite"])
def test_odd_names_are_only_names(tmp_path, name, outcome):
    with Store(tmp_path / name) as store:
        store.put([outcome()])
    assert os.listdir(tmp_path) == [name]
    with Store(store.url, create=False) as again:
        assert "k" in again.get(["k"])


def test_a_pickled_store_is_the_same_place(place, outcome):
    with Store(place) as store:
        again = pickle.loads(pickle.dumps(store))
        again.put([outcome()])
        assert "k" in store.get(["k"])


def test_a_store_in_memory_stays_in_its_process(monkeypatch, outcome):
    with Store(":memory:") as store:
        with pytest.raises(StoreError, match="another process"):
            pickle.dumps(store)
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(StoreError, match="another process"):
            store.put([outcome()])


def journal_mode(file):
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def test_the_journal_fits_the_disk(file, monkeypatch, outcome):
    Store(file).close()
    assert journal_mode(file) == "wal"
    monkeypatch.setattr(database, "is_shared", lambda path: True)
    with Store(file) as store:
        assert journal_mode(file) == "delete"
        store.put([outcome()])
        assert "k" in store.get(["k"])


MOUNTS = r"""
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:21 / /home rw shared:5 - nfs4 server:/home rw,vers=4.2
24 22 0:22 / /mnt/lab\040disk rw shared:6 master:1 - fuse.sshfs ada@host: rw
25 23 0:23 / /home/ada/local rw - xfs /dev/sdb rw
26 22 0:24 / /data rw - ext4 /dev/sdc rw
27 22 0:25 / /data rw - cifs //host/data rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/ada/s.sqlite", "nfs4"),
        ("/home/ada/local/s.sqlite", "xfs"),
        ("/home/ada/localnot", "nfs4"),
        ("/homes/x", "ext4"),
        ("/mnt/lab disk/x", "fuse.sshfs"),
        ("/data/x", "cifs"),
        ("/", "ext4"),
    ],
)
def test_the_deepest_and_last_mount_decides(path, kind):
    assert filesystem_of(path, read_mountinfo(MOUNTS)) == kind


@pytest.mark.parametrize(
    ("kind", "shared"),
    [("nfs4", True), ("fuse.sshfs", True), ("9p", True), ("ext4", False), ("fuseblk", False)],
)
def test_network_disks_are_told_from_local_ones(monkeypatch, tmp_path, kind, shared):
    monkeypatch.setattr(
        "mlplab.store.filesystem._mounts", lambda: iter([("/", "ext4"), (str(tmp_path), kind)])
    )
    assert is_shared(tmp_path / "folder" / "s.sqlite") is shared


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:hush",
        "postgresql://ada:hush@host:x/lab",
        "postgresql://ada@host/lab?password=hush",
        "postgresql://ada@host/lab?sslmode=require&sslpassword=hush",
        "postgresql:/ada:hush@host/lab",
        "postgres:ada:hush@host",
        "sqlite:/hush",
        "postgresql://ada:\ud800hush@host/lab",
    ],
)
def test_no_password_is_shown_however_the_address_is_mistaken(address):
    try:
        shown = find_place(address).shown
    except StoreError as refusal:
        shown = str(refusal)
    assert "hush" not in shown
    assert "\n" not in shown
