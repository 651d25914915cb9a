"""Killed and stopped processes, and trainings that go on with another number of them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from mlplab.bench.process_memory import family
from mlplab.errors import ConfigError, WorkerError
from mlplab.specs import MLP, Adam, Fit, Run
from mlplab.theory.split import WAYS, split

RUN = Run(
    net=MLP(hidden=(9, 8, 7)),
    optim=Adam(lr=0.01),
    # Minutes: whoever listens may be late on a busy machine.
    fit=Fit(epochs=100_000, dtype="float64", batch_size=12),
)


def workers():
    """The processes that the fork server of this test has started."""
    parents = {}
    for pid in family(os.getpid()):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        state, parent = stat.rpartition(")")[2].split()[:2]
        if state != "Z":
            parents[pid] = int(parent)
    return [pid for pid, parent in parents.items() if parent in parents and parent != os.getpid()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
class TestRealProcesses:
    @pytest.mark.parametrize("way", WAYS)
    def test_one_that_is_killed_ends_the_job(self, way, task, start):
        killed = []

        def kill(rank, step):
            if step >= 3 and not killed:
                killed.append(workers()[1])
                os.kill(killed[0], signal.SIGKILL)

        with pytest.raises(WorkerError, match=rf"by {way}: process \d of 0 to 2 ended .SIGKILL"):
            split(RUN, task, way, 3, on_step=kill, start=start)
        assert killed
        assert not workers()

    def test_one_that_is_stopped_ends_the_job_within_its_patience(self, task, start):
        stopped = []

        def stop(rank, step):
            if step >= 3 and not stopped:
                stopped.append(workers()[0])
                os.kill(stopped[0], signal.SIGSTOP)

        with pytest.raises(WorkerError, match=r"was not heard any more for \d s after step"):
            split(RUN, task, "tensor", 2, on_step=stop, start=start, patience_seconds=3)
        assert not workers()

    def test_after_a_kill_another_number_of_processes_goes_on(self, task, start, tmp_path):
        kept = {"checkpoint": tmp_path, "keep_every": 2, "start": start}

        def kill(rank, step):
            if step >= 5 and workers():
                os.kill(workers()[0], signal.SIGKILL)

        with pytest.raises(WorkerError, match=r"step \d+ is the last that was kept"):
            split(RUN, task, "tensor", 3, on_step=kill, **kept)
        last = max(int(place.name[5:]) for place in tmp_path.glob("step-*"))
        steps, resumed_after = last, 0
        whole = split(RUN, task, "data", 1, steps=last + 8, start=start)
        for way, n in (("tensor", 2), ("pipeline", 4), ("data", 2), ("tensor", 1)):
            steps += 2
            found = split(RUN, task, way, n, steps=steps, **kept)
            assert found.resumed_after == last + resumed_after
            resumed_after += 2
            differences = [abs(a - b) for a, b in zip(found.losses, whole.losses, strict=False)]
            assert len(differences) == steps
            assert max(differences) < 1e-10
        assert len(list(tmp_path.iterdir())) == 2  # older ones are let go


def test_checkpoints_of_another_run_are_left_alone(task, start, tmp_path):
    kept = {"steps": 2, "checkpoint": tmp_path, "keep_every": 1}
    split(RUN, task, "data", 1, **kept, start=start)
    with pytest.raises(ConfigError, match="it is of step 2, and there are 2"):
        split(RUN, task, "data", 1, **kept)
    with pytest.raises(ConfigError, match="it holds another run"):
        split(RUN.replace(seed=1), task, "data", 1, **kept)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ConfigError, match="no folder there"):
        split(RUN, task, "data", 1, **(kept | {"checkpoint": file}))
