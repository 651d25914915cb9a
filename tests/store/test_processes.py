"""Real processes: written to by several, killed while writing, forked."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import mlplab.store
from mlplab.store import Store

WRITER = """
import sys
from mlplab.specs.outcome import Outcome
from mlplab.store import Checkpoint, Store

place, name, batches, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
store = Store(place)
history = {"loss": tuple(float(n) for n in range(50))}
for batch in range(batches):
    keys = [f"{name}-{batch}-{n}" for n in range(size)]
    rows = [Outcome(key, name, "finished", 50, history, 0.1, 1) for key in keys]
    shared = Outcome(f"shared-{batch}", "p", "finished", 1, {}, 0.1, 1)
    store.put_checkpoints([Checkpoint(f"{name}-going", batch, batch, b"x" * 1000)], name)
    store.put([*rows, shared], {key: "{}" for key in keys})
    print(batch, flush=True)
"""


def writer(place, name, batches, size):
    source = str(Path(mlplab.store.__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, place, name, str(batches), str(size)],
        env={**os.environ, "PYTHONPATH": source},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def start(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def test_several_processes_make_and_fill_one_store(place):
    batches, size, names = 15, 10, ["a", "b", "c", "d"]
    processes = [writer(place, name, batches, size) for name in names]
    for process in processes:
        start(process)
    for process in processes:
        process.communicate(timeout=100)
        assert process.returncode == 0
    keys = [f"{name}-{b}-{n}" for name in names for b in range(batches) for n in range(size)]
    with Store(place, create=False) as store:
        assert list(store.get(keys)) == keys
        assert len(store.get([f"shared-{batch}" for batch in range(batches)])) == batches
        assert store.info().rows["outcomes"] == len(keys) + batches
        steps = [store.checkpoints([f"{name}-going"], name)[f"{name}-going"].step for name in names]
    assert steps == [batches - 1] * len(names)


def test_killed_while_writing_what_was_put_is_there_and_whole(file):
    size, randomly = 200, random.Random(0)
    Store(file).close()
    for kill in range(6):
        name = f"w{kill}"
        process = writer(str(file), name, 10_000, size)
        start(process)
        assert process.stdout.readline() == "0\n"
        time.sleep(randomly.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        said = process.communicate()[0].split()
        put = max([0, *map(int, said)])
        with Store(file, create=False) as store:
            for batch in range(put + 3):
                found = store.get([f"{name}-{batch}-{n}" for n in range(size)])
                assert len(found) in ((size,) if batch <= put else (0, size))
                assert (f"shared-{batch}" in store.get([f"shared-{batch}"])) >= bool(found)
        with contextlib.closing(sqlite3.connect(file)) as connection, connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_parent_and_children_use_one_store(place, outcome, method):
    with Store(place) as store:
        store.put([outcome("parent")])
        context = multiprocessing.get_context(method)
        children = [
            context.Process(target=Store.put, args=(store, [outcome(f"child{number}")]))
            for number in range(2)
        ]
        for child in children:
            child.start()
        store.put([outcome("meanwhile")])
        for child in children:
            child.join()
        assert [child.exitcode for child in children] == [0, 0]
        keys = ["parent", "child0", "child1", "meanwhile"]
        assert list(store.get(keys)) == keys


def open_files(file):
    names = [os.path.realpath(f"/dev/fd/{number}") for number in os.listdir("/dev/fd")]
    return [name for name in names if str(file) in name]


def test_no_connection_is_open_between_two_calls(file, outcome):
    with Store(file) as store:
        store.put([outcome()])
        assert store._database.read(lambda connection: open_files(file)) != []
        assert open_files(file) == []


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_waits_for_the_transaction_of_another_thread(file, outcome):
    entered = threading.Event()

    def linger(connection):
        entered.set()
        time.sleep(0.3)

    with Store(file) as store:
        thread = threading.Thread(target=store._database.write, args=(linger,))
        thread.start()
        entered.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            code = 1
            with contextlib.suppress(BaseException):
                store.put([outcome("child")])
                code = 0 if open_files(file) == [] else 2
            os._exit(code)
        thread.join()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert "child" in store.get(["child"])


@pytest.mark.parametrize("in_memory", [False, True])
def test_threads_share_a_store(file, outcome, in_memory):
    with Store(":memory:" if in_memory else file) as store:
        failures = []

        def work(name):
            try:
                for number in range(10):
                    store.put([outcome(f"{name}-{number}")])
                    assert len(store.get([f"{name}-{n}" for n in range(10)])) == number + 1
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert store.info().rows["outcomes"] == 30


def test_a_writer_waits_for_another(file, outcome):
    with Store(file) as store:
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        events = []

        def let_go():
            events.append("released")
            other.execute("COMMIT")

        release = threading.Timer(0.3, let_go)
        release.start()
        store.put([outcome()])
        events.append("written")
        release.join()
        assert events == ["released", "written"]
        other.close()
        assert "k" in store.get(["k"])
