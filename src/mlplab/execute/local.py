"""This machine: this process when the job is small, worker processes when it is not."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import final

from mlplab.data import Task
from mlplab.engine import Event, plan_cost, train
from mlplab.engine.native.library import tell_missing
from mlplab.engine.training import Splits
from mlplab.errors import ConfigError
from mlplab.execute.brought import pack, plugins_of
from mlplab.execute.chunks import apart, deal
from mlplab.execute.executor import Job, Portions
from mlplab.execute.processes import in_processes
from mlplab.inside import is_worker
from mlplab.specs import Run
from mlplab.whole import parse_whole

_SMALL_SECONDS = 4.0  # starting workers takes about as long


def default_workers() -> int:
    """Return how many workers to use: the cores this process may use, or `MLPLAB_WORKERS`.

    One inside a worker, ours or of somebody else's parallel job: that job has taken the cores.
    """
    if is_worker():
        return 1
    if given := os.environ.get("MLPLAB_WORKERS"):
        if not (n_workers := parse_whole(given)):
            raise ConfigError(f"MLPLAB_WORKERS: expected a whole number from 1; got {given!r}")
        return n_workers
    # loky sets its variable itself: its workers are no children of `multiprocessing`.
    if multiprocessing.parent_process() is not None or "LOKY_WORKER" in os.environ:
        return 1
    if hasattr(os, "sched_getaffinity"):
        # Containers and batch systems give a process fewer cores than the machine has.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@final
@dataclass(frozen=True)
class Local:
    """This machine's cores, or one of its devices.

    Attributes:
        workers: processes, or threads for what compiled loops train; None takes
            `default_workers()`, and this process for small jobs; 1 is always this process.
        device: `cpu`; on another device all runs train in this process.
    """

    workers: int | None = None
    device: str = "cpu"

    def train(self, job: Job) -> Generator[Event]:
        """Train in this process, on threads of it, or in worker processes.

        Raises:
            ConfigError: a run does not fit the task, or a metric fails.
            StoreError: a checkpoint cannot be read.
            WorkerError: a worker died twice on the same runs, or cannot import what a user brought.
        """
        if self.device == "cpu" and not is_worker():
            tell_missing()
        many = 1 if is_worker() else self.workers or default_workers()
        if self.device == "cpu" and many > 1:
            # Compiled loops run without Python's lock: threads share the data and start at once.
            native, others = apart(job.runs, job.task)
            if native:
                # What does not fit is told before anything trains.
                Splits(job.task).programs(others)
                yield from self._here(replace(job, runs=native), threads=many)
            if not others or job.stop():
                return
            job = replace(job, runs=others)
            brought = pack({"measures": job.measures, "plugins": plugins_of(job.specs)})
            if brought is not None:
                chunks = deal(job.runs, job.task, many)
                seconds = sum(chunk.seconds for chunk in chunks)
                # Asked for by number, workers start for small jobs too.
                if len(chunks) > 1 and (self.workers is not None or seconds > _SMALL_SECONDS):
                    yield from in_processes(
                        chunks, job.task, many, job.resume, brought, job.options, job.stop
                    )
                    return
        yield from self._here(job)

    def portions(self, runs: Sequence[Run], task: Task) -> Portions:
        """Return how these runs would be portioned out; nothing runs."""
        cost = plan_cost(runs, task, self.workers or default_workers())
        seconds = cost.seconds
        return Portions(1, cost.workers, 0, seconds, seconds, seconds * cost.workers)

    def _here(self, job: Job, threads: int = 1) -> Generator[Event]:
        yield from train(
            job.runs,
            job.task,
            resume=job.resume,
            device=self.device,
            threads=threads,
            measures=job.measures,
            stop=job.stop,
            **job.options,
        )
