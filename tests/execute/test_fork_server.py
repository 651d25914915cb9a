"""A fork server starts workers that share its memory, and tells how each of them ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.engine.population import bits, ended
from tests.execute.jobs import KEEP, long_population, mixed_population

from mlplab.bench.process_memory import family
from mlplab.engine import Checkpointed
from mlplab.execute import execute, start
from mlplab.execute.fork_server import ForkServer, can_fork
from mlplab.execute.start import worker_environment

pytestmark = pytest.mark.skipif(not can_fork(), reason="only Linux forks its workers")


@pytest.fixture
def server():
    """A server that is over when the test is."""
    server = ForkServer(worker_environment())
    yield server
    server.close()


def hear(worker):
    """Wait until a worker speaks, and hand it back."""
    assert worker.stdout.read(1) == b"\0"
    return worker


def leave(worker):
    """Let a worker hear that its caller is gone, and return how it ended."""
    worker.stdin.close()
    code = worker.wait(10)
    worker.stdout.close()
    return code


class TestWorkers:
    def test_end_when_their_caller_hangs_up(self, server):
        workers = [hear(server.start()) for _ in range(3)]
        assert [leave(worker) for worker in workers] == [0, 0, 0]

    def test_are_killed_one_by_one(self, server):
        first, second = hear(server.start()), hear(server.start())
        first.kill()
        assert first.wait(10) == -signal.SIGKILL
        first.kill()  # it has ended: nobody else is hit
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.01)
        assert leave(second) == 0

    def test_are_forked_from_a_process_of_one_thread(self, server):
        worker = hear(server.start())
        (pid,) = (p for p in family(os.getpid()) if parent_of(p) == os.getpid() and serves(p))
        assert len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
        leave(worker)

    def test_share_what_was_imported(self, server):
        workers = [hear(server.start()) for _ in range(2)]
        for pid in (p for p in family(os.getpid()) if serves(p)):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            sizes = {line.split()[0]: int(line.split()[1]) for line in rollup[1:]}
            # 150 MB of a fresh process's pages are its own; here they have three owners.
            assert sizes["Private_Dirty:"] < 0.5 * sizes["Rss:"]
        for worker in workers:
            leave(worker)


def parent_of(pid):
    """Return the id of a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def serves(pid):
    """Tell whether a process is a fork server or its copy."""
    return b"mlplab.execute.fork_server" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_server_that_is_killed_is_replaced_and_the_bits_are_the_same():
    task, runs = long_population(150)
    expected = {
        key: bits(one) for key, one in ended(execute(runs, task, workers=1, **KEEP)).items()
    }
    done, killed = {}, []
    for event in execute(runs, task, workers=2, checkpoint_seconds=0.0, **KEEP):
        if isinstance(event, Checkpointed) and event.epoch > 2 and not killed:
            killed = [pid for pid in family(os.getpid()) if serves(pid)]
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
        done |= ended([event])
    assert len(killed) >= 2, "the training was over before anything could be killed"
    assert {key: bits(one) for key, one in done.items()} == expected


def test_where_nothing_is_forked_the_bits_are_the_same(monkeypatch):
    task, runs = mixed_population()
    forked = ended(execute(runs, task, workers=2, **KEEP))
    monkeypatch.setattr(start, "can_fork", lambda: False)
    started = ended(execute(runs, task, workers=2, **KEEP))
    assert {k: bits(e) for k, e in forked.items()} == {k: bits(e) for k, e in started.items()}


def test_beside_threads_of_a_sites_own_workers_start_on_their_own(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n"
    )
    environment = worker_environment()
    environment["PYTHONPATH"] = os.pathsep.join((str(tmp_path), environment["PYTHONPATH"]))
    server = ForkServer(environment)
    worker = hear(server.start())
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in family(os.getpid())]
    assert sum(b"mlplab.execute.worker" in command for command in commands) == 1
    assert leave(worker) == 0
    server.close()


def test_an_import_that_fails_ends_the_workers(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(3)\n")
    server = ForkServer(worker_environment() | {"PYTHONPATH": str(tmp_path)})
    worker = server.start()
    assert worker.wait(10) == -signal.SIGKILL
    with pytest.raises(OSError, match=r"pipe|reset"):
        server.start()
    server.close()
    worker.stdin.close()
    worker.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="turns are asked of Linux")
def test_workers_take_long_turns():
    from mlplab.engine import turns

    done = subprocess.run(
        [sys.executable, "-c", READ_TURN],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    before, after, nice = map(int, done.stdout.split())
    assert nice == 5
    if after == before:
        pytest.skip("this system grants no longer turns: Linux before 6.12, or a sandbox")
    assert after == turns._TURN_NANOSECONDS


READ_TURN = """
import ctypes, os
from mlplab.engine.turns import _ATTRIBUTES, ask_for_long_turns

def turn():
    into = ctypes.create_string_buffer(_ATTRIBUTES.size)
    ctypes.CDLL(None).syscall({"x86_64": 315}.get(os.uname().machine, 275), 0, into, len(into), 0)
    return _ATTRIBUTES.unpack(into.raw)[5]

os.nice(5)
before = turn()
ask_for_long_turns()
print(before, turn(), os.getpriority(os.PRIO_PROCESS, 0))
"""
