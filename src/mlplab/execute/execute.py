"""Where runs are computed: in this process when the job is small, in workers when it is not."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from mlplab.data import Task
from mlplab.engine import Event, train
from mlplab.engine.measures import Measure, measures_of
from mlplab.engine.native.library import tell_missing
from mlplab.engine.training import Splits
from mlplab.errors import ConfigError
from mlplab.execute.brought import pack, plugins_of
from mlplab.execute.chunks import apart, deal
from mlplab.execute.processes import in_processes
from mlplab.inside import is_worker, refuse_at_import
from mlplab.specs import Run
from mlplab.specs.columns import Population

_SMALL_SECONDS = 4.0  # starting workers takes about as long


class Resumable(Protocol):
    """A stored checkpoint: `blob` is what `Checkpointed` held."""

    @property
    def blob(self) -> bytes:
        """Safetensors bytes."""


def default_workers() -> int:
    """Return how many workers to use: the cores this process may use, or `MLPLAB_WORKERS`.

    One inside a worker, ours or of somebody else's parallel job: that job has taken the cores.
    """
    if is_worker():
        return 1
    if given := os.environ.get("MLPLAB_WORKERS"):
        if not given.isdigit() or int(given) < 1:
            raise ConfigError(f"MLPLAB_WORKERS: expected a whole number from 1; got {given!r}")
        return int(given)
    # loky sets its variable itself: its workers are no children of `multiprocessing`.
    if multiprocessing.parent_process() is not None or "LOKY_WORKER" in os.environ:
        return 1
    if hasattr(os, "sched_getaffinity"):
        # Containers and batch systems give a process fewer cores than the machine has.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def execute(
    runs: Sequence[Run],
    task: Task,
    *,
    workers: int | None = None,
    device: str = "cpu",
    resume: Mapping[str, Resumable] | None = None,
    keep_weights: bool = False,
    keep_correct: bool = False,
    measures: Mapping[str, Measure] | None = None,
    checkpoint_seconds: float = 20.0,
) -> Iterator[Event]:
    """Train runs of one task and yield what happens, in this process or in workers.

    The bits are the same either way. Closing the generator stops the workers.

    Args:
        runs: their task refs must belong to `task`; a run given twice is trained once.
        task: the data.
        workers: processes, or threads for what compiled loops train; None takes
            `default_workers()`, and this process for small jobs; 1 is always this process.
        device: `cpu`; on another device all runs train in this process.
        resume: checkpoints by run key.
        keep_weights: let `Ended` carry weights.
        keep_correct: keep which test examples each run classifies rightly.
        measures: the user's metrics; default: those registered in this process.
        checkpoint_seconds: time between two checkpoints of a run; the first come sooner.

    Raises:
        ConfigError: a run does not fit the task, or a metric is unknown or fails.
        StoreError: a checkpoint cannot be read.
        WorkerError: a worker died twice on the same runs, or cannot import what a user brought;
            or a module that trains is imported by a worker.
    """
    refuse_at_import()
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: expected at least 1; got {workers}")
    runs = Population.of(runs).distinct()
    if not runs:
        return
    specs = list(runs.used().values())  # all but seeds
    names = tuple(sorted({name for run in specs for name in run.fit.measures}))
    metrics = measures_of(names, measures)
    if device == "cpu" and not is_worker():
        tell_missing()
    options: dict[str, Any] = {
        "keep_weights": keep_weights,
        "keep_correct": keep_correct,
        "checkpoint_seconds": checkpoint_seconds,
    }
    brought = {"measures": metrics, "plugins": plugins_of(specs)}
    states = _Blobs(resume or {})
    many = 1 if is_worker() else workers or default_workers()
    if device == "cpu" and many > 1:
        # Compiled loops run without Python's lock: threads share the data and start at once.
        native, runs = apart(runs, task)
        if native:
            Splits(task).programs(runs)  # what does not fit is told before anything trains
            yield from train(
                native,
                task,
                resume=states,
                device=device,
                threads=many,
                measures=metrics,
                **options,
            )
        if not runs:
            return
    if device == "cpu" and many > 1 and (pickled := pack(brought)) is not None:
        chunks = deal(runs, task, many)
        seconds = sum(chunk.seconds for chunk in chunks)
        # Asked for by number, workers start for small jobs too.
        if len(chunks) > 1 and (workers is not None or seconds > _SMALL_SECONDS):
            yield from in_processes(chunks, task, many, states, pickled, options)
            return
    yield from train(runs, task, resume=states, device=device, measures=metrics, **options)


class _Blobs(Mapping[str, bytes]):
    """The bytes of checkpoints, each read when it is asked for."""

    def __init__(self, states: Mapping[str, Resumable]) -> None:
        self._states = states

    def __getitem__(self, key: str) -> bytes:
        return self._states[key].blob

    def __contains__(self, key: object) -> bool:
        return key in self._states

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)
