"""Killed at any moment, nothing finished is lost, and the same command goes on to the same bits."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mlplab as ml
from mlplab.store import Store

# Processes to be killed are forked from one that has loaded everything, and trained nothing.
NURSERY = """
import os, signal, sys
import mlplab as ml
import mlplab.engine.lane, mlplab.engine.native.lane, mlplab.execute, mlplab.store.store
from kills import experiment

store, which, workers = sys.argv[1:]
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        print("at birth", os.getpid(), flush=True)
        experiment(which).run(
            store, workers=int(workers), progress=lambda p: print("at work", flush=True)
        )
        os._exit(0)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

DESIGNS = """
import mlplab as ml
from mlplab.specs import TaskRef

def experiment(which):
    if which == "sweep":
        return ml.Experiment(
            TaskRef(name="digits", valid=0.1),
            ml.Run(net=ml.MLP(hidden=(48,), dropout=0.2), optim=ml.SGD(lr=0.1, momentum=0.5),
                   fit=ml.Fit(epochs=40, batch_size=32)),
            # Compiled loops train those without a norm, stacks in workers the others.
            vary={"lr": [0.05, 0.1], "hidden": [24, 48], "norm": ["none", "layer"]},
            seeds=3,
        )
    return ml.Experiment(
        TaskRef(name="digits", valid=0.1),
        ml.Run(net=ml.MLP(hidden=(32,)), fit=ml.Fit(epochs=1500, batch_size=8)),
        seeds=1,
    )
"""


def kill_until_done(
    folder: Path, which: str, kills: int, longest: float, workers: int = 1
) -> tuple[int, set[str]]:
    """Run a design and SIGKILL it again and again; return the kills and the keys seen finished."""
    (folder / "kills.py").write_text(DESIGNS)
    store = folder / "runs.sqlite"
    rng = random.Random(7)
    seen: set[str] = set()
    done = 0
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(store), which, str(workers)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(folder)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        lines = iter(nursery.stdout.readline, "")
        for attempt in range(kills + 200):
            nursery.stdin.write("go\n")
            nursery.stdin.flush()
            pid = int(next(lines).removeprefix("at birth"))
            line = next(lines)
            if line.strip() == "at work" and attempt < kills:
                time.sleep(rng.uniform(0, longest))
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                    os.killpg(pid, signal.SIGKILL)
            while not line.startswith("ended"):
                line = next(lines)
            code = int(line.removeprefix("ended"))
            done += code == -signal.SIGKILL
            if code == 0 and attempt >= kills:
                nursery.stdin.close()
                return done, seen
            with Store(store) as kept:
                keys = [run.key for run in design(which, folder).runs()]
                finished = set(kept.get(keys))
            assert seen <= finished, "a finished run was lost"
            seen = finished
    raise AssertionError("the design never ended")


def design(which: str, folder: Path) -> ml.Experiment:
    """Make the same experiment in this process."""
    names: dict[str, object] = {}
    exec((folder / "kills.py").read_text(), names)
    made: ml.Experiment = names["experiment"](which)  # type: ignore[operator]
    return made


def compare_with_uninterrupted(folder: Path, which: str) -> None:
    experiment = design(which, folder)
    after = experiment.run(folder / "runs.sqlite", workers=1)
    assert after.from_store == len(after)
    fresh = experiment.run(":memory:", workers=1)
    columns = [column for column in fresh.frame().columns if column != "seconds"]
    one, other = after.frame()[columns], fresh.frame()[columns]
    different = [column for column in columns if not one[column].equals(other[column])]
    assert not different, one[different].compare(other[different]).head()


def test_twenty_kills_lose_nothing_and_change_no_bit(tmp_path):
    done, _ = kill_until_done(tmp_path, "sweep", kills=20, longest=0.2)
    assert done >= 10
    compare_with_uninterrupted(tmp_path, "sweep")


def test_a_run_longer_than_the_time_between_kills_still_ends(tmp_path):
    done, _ = kill_until_done(tmp_path, "long", kills=3, longest=0.4)
    assert done >= 1, "the run took less than a kill"
    compare_with_uninterrupted(tmp_path, "long")


@pytest.mark.slow
def test_two_hundred_kills_with_workers(tmp_path):
    done, _ = kill_until_done(tmp_path, "sweep", kills=200, longest=1.0, workers=2)
    assert done >= 20
    compare_with_uninterrupted(tmp_path, "sweep")
