"""Measuring processes: fresh threads, nothing left behind, memory of the whole family."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlplab.bench import process
from mlplab.bench.process import busy_process, take
from mlplab.bench.process_memory import PROC, MemoryWatch, family, proportional_bytes
from mlplab.bench.side_by_side import side_by_side, wait_for_all
from mlplab.bench.workloads import Measure
from mlplab.errors import MlplabError

HAS_PROC = (PROC / "self" / "smaps_rollup").exists()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make a module that a measure can run, from the lines of its body."""
    paths = [str(tmp_path), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))

    def make(name: str, body: str) -> Measure:
        head = "import os, subprocess, sys, time\nfrom mlplab.bench.timing import Timing\n"
        (tmp_path / f"{name}.py").write_text(head + body)
        return Measure("probe", name)

    return make


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A killed process whose parent has not collected it yet is dead all the same.
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def wait_until(holds: Callable[[], bool]) -> None:
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < 20
        time.sleep(0.05)


def test_the_callers_thread_settings_are_taken_away(module, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    measure = module(
        "threads_probe",
        "print('a word of a library')\n"
        "left = [k for k in ('OMP_NUM_THREADS', 'OPENBLAS_CORETYPE') if k in os.environ]\n"
        "print(Timing('probe', 0.5, 1, repr(left)).to_json())\n",
    )
    sample = take(measure)
    assert sample.timing.how == "[]"
    assert sample.value == 0.5


def test_a_failing_process_gives_its_last_line(module):
    measure = module("broken_probe", "raise ValueError('nothing to load')")
    with pytest.raises(MlplabError, match="broken_probe failed: ValueError: nothing to load"):
        take(measure)


def test_a_process_that_takes_too_long_is_ended_with_its_children(
    module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(process, "LIMIT_SECONDS", 1.0)
    note = tmp_path / "child"
    measure = module(
        "slow_probe",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n",
    )
    with pytest.raises(MlplabError, match="took longer than 1 s"):
        take(measure)
    wait_until(lambda: not alive(int(note.read_text())))


def test_ending_the_benchmark_ends_what_it_measures(module, tmp_path: Path):
    note = tmp_path / "pid"
    module(
        "endless_probe",
        f"open({str(note)!r}, 'w').write(str(os.getpid()) + '.')\ntime.sleep(60)\n",
    )
    body = (
        "from mlplab.bench.process import take\n"
        "from mlplab.bench.workloads import Measure\n"
        "take(Measure('probe', 'endless_probe', contended=True))\n"
    )
    bench = subprocess.Popen([sys.executable, "-c", body])
    try:
        wait_until(lambda: note.exists() and note.read_text().endswith("."))
        bench.terminate()
        assert bench.wait(10) == 143
    finally:
        bench.kill()
    wait_until(lambda: not alive(int(note.read_text()[:-1])))


def test_the_busy_process_lives_only_meanwhile():
    with busy_process() as pid:
        assert alive(pid)
    assert not alive(pid)


def write_process(proc: Path, pid: int, parent: int, pss_kilobytes: int) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "stat").write_text(f"{pid} (a (strange) name) S {parent} 1 1 0")
    (folder / "smaps_rollup").write_text(
        f"0-f ---p 0 00:00 0 [rollup]\nRss: 999999 kB\nPss: {pss_kilobytes} kB\nPss_Anon: 7 kB\n"
    )


def test_memory_adds_up_over_descendants_only(tmp_path: Path):
    for pid, parent, kilobytes in [(10, 1, 100), (11, 10, 20), (12, 11, 3), (13, 1, 5000)]:
        write_process(tmp_path, pid, parent, kilobytes)
    (tmp_path / "self").mkdir()
    (tmp_path / "14").mkdir()  # ended while it was looked at
    assert sorted(family(10, tmp_path)) == [10, 11, 12]
    assert proportional_bytes([10, 11, 12, 99], tmp_path) == 123 * 1024


def test_a_childs_memory_is_seen(module):
    measure = module(
        "memory_probe",
        "body = 'import time; block = bytearray(b\"x\") * 80_000_000; time.sleep(1)'\n"
        "subprocess.run([sys.executable, '-c', body], check=True)\n"
        "print(Timing('probe', 0.5, 1, 'child').to_json())\n",
    )
    measure = Measure(measure.name, measure.module, watch_memory=True)
    if not HAS_PROC:
        with pytest.raises(MlplabError, match="needs Linux"):
            take(measure)
        return
    sample = take(measure)
    assert 80_000_000 < sample.value < 160_000_000


def test_watching_ends_with_its_body():
    if HAS_PROC:
        with MemoryWatch(os.getpid(), every_seconds=0.01) as watch:
            time.sleep(0.05)
        seen, own = watch.peak_bytes, proportional_bytes([os.getpid()])
        block = bytearray(b"x") * 100_000_000
        assert watch.peak_bytes == seen
        # Of this process alone: the watch has seen its children, too.
        assert proportional_bytes([os.getpid()]) > own + 50_000_000
        del block


def test_processes_side_by_side_meet_at_the_start():
    # Each waits for the other: one process alone, or one after the other, would never return.
    assert side_by_side(wait_for_all, 2) == [None, None]
