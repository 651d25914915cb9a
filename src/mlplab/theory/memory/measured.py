"""The measured peak of a population, trained in a fresh process."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from mlplab.errors import MlplabError
from mlplab.specs import Run
from mlplab.theory.memory.population import DataShape, population_memory
from mlplab.theory.resident import forget_peak, peak_bytes, resident_bytes

T = TypeVar("T")


@dataclass(frozen=True)
class MeasuredPeak:
    """What a process took that trained a population, and what was predicted.

    Attributes:
        base_bytes: resident before any run, with libraries and data in memory.
        used_bytes: by which the resident set's peak lay above that.
        predicted_bytes: see `PopulationMemory.train_bytes`.
    """

    base_bytes: int
    used_bytes: int
    predicted_bytes: int

    @property
    def error(self) -> float:
        """How far the prediction is off, as a share of what was used; below 0 where too low."""
        return self.predicted_bytes / self.used_bytes - 1


def measure_peak(run: Run, shape: DataShape, n_runs: int = 1) -> MeasuredPeak:
    """Train runs of random data in a fresh process, and return the peak of its resident set.

    Raises:
        MlplabError: this system has no `/proc`, or the process failed.
    """
    _check_measurable()
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        input=pickle.dumps((run, shape, n_runs)),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.decode().strip().splitlines() or ["no message"])[-1]
        raise MlplabError(f"a measured process failed: {reason}")
    return MeasuredPeak(**json.loads(done.stdout))


def _train(run: Run, shape: DataShape, n_runs: int) -> MeasuredPeak:
    from mlplab.experiment import Experiment
    from mlplab.store import Store

    without_checkpoints()
    rng = np.random.default_rng(0)
    task = shape.task(rng.standard_normal((shape.n_rows + shape.n_test, shape.n_features), "f4"))
    experiment = Experiment(task, run, seeds=n_runs)
    experiment.cost(workers=1)
    predicted = population_memory(run, shape, n_runs).train_bytes
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "runs.db"
        # The store is opened within: the database is a part of what a first run takes.
        _, base, used = peak_above(lambda: experiment.run(Store(place), workers=1))
    return MeasuredPeak(base, used, predicted)


def peak_above(work: Callable[[], T]) -> tuple[T, int, int]:
    """Do some work; return what it does, and by how many bytes the peak rose above how many.

    Raises:
        MlplabError: this system has no `/proc`.
    """
    _check_measurable()
    base = resident_bytes()
    forget_peak()
    done = work()
    return done, base, peak_bytes() - base


def without_checkpoints() -> None:
    """Keep no checkpoints in this process: they come with time, and on a busy machine more do."""
    from mlplab.engine.lane import Lane
    from mlplab.engine.native.lane import NativeLane

    for kind, name in ((Lane, "_checkpoints"), (NativeLane, "_keep")):
        setattr(kind, name, lambda *_: iter(()))


def _check_measurable() -> None:
    if not Path("/proc/self/clear_refs").exists():
        raise MlplabError("memory is measured from /proc/self/status, which needs Linux")


def main() -> None:
    """Train what standard input says, and print what it took."""
    found = _train(*pickle.load(sys.stdin.buffer))
    print(json.dumps({name: getattr(found, name) for name in MeasuredPeak.__dataclass_fields__}))
