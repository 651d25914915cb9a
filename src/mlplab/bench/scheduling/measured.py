"""What tasks, outcomes and checkpoints take on this machine, by training real ones in workers."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mlplab.bench.scheduling.cluster import Cluster, Work
from mlplab.data import Task, load_task
from mlplab.engine import provenance, train
from mlplab.engine.events import Checkpointed, Ended
from mlplab.execute.brought import pack
from mlplab.execute.chunks import Chunk
from mlplab.execute.on_slurm.results import write_results
from mlplab.execute.processes import in_processes
from mlplab.specs import MLP, Fit, Run
from mlplab.store import Store

RUNS_PER_TASK = 50
EPOCHS = 40
N_TASKS = 16
_OPTIONS = {"keep_weights": False, "keep_correct": False, "checkpoint_seconds": 1e9}


@dataclass(frozen=True, slots=True)
class Times:
    """What was measured.

    Attributes:
        work: of the tasks that were trained.
        start_seconds: until a new worker process has taken its first step.
        merge_seconds: for an outcome, into a store on this machine's disk.
        cores: of this machine.
    """

    work: Work
    start_seconds: float
    merge_seconds: float
    cores: int


def tasks(
    n_tasks: int = N_TASKS, runs_per_task: int = RUNS_PER_TASK, epochs: int = EPOCHS
) -> list[Chunk]:
    """Return tasks of small networks on digits, each one program of stacks."""
    # Layer norm: stacks train it, in worker processes.
    base = Run(net=MLP(hidden=(32,), norm="layer"), fit=Fit(epochs=epochs, batch_size=32))
    return [
        Chunk(tuple(base.with_seeds(range(n * runs_per_task, (n + 1) * runs_per_task))), 1.0)
        for n in range(n_tasks)
    ]


def real_seconds(chunks: Sequence[Chunk], task: Task, workers: int) -> tuple[float, list[float]]:
    """Train tasks in so many new workers; return the seconds it took, and when each task ended."""
    left = {run.key: n for n, chunk in enumerate(chunks) for run in chunk.runs}
    counts = [len(chunk.runs) for chunk in chunks]
    brought = pack({"measures": {}, "plugins": []})
    assert brought is not None
    ends: list[float] = []
    start = time.perf_counter()
    for event in in_processes(list(chunks), task, workers, {}, brought, _OPTIONS):
        if isinstance(event, Ended):
            counts[left[event.outcome.key]] -= 1
            if not counts[left[event.outcome.key]]:
                ends.append(time.perf_counter() - start)
    return time.perf_counter() - start, ends


def measure(chunks: Sequence[Chunk]) -> Times:
    """Measure tasks of one worker, and the sizes of what it sends."""
    task = load_task("digits", valid=0.1)
    _, ends = real_seconds(chunks, task, 1)
    seconds = np.diff(ends)
    n = len(chunks[0].runs)
    runs, states = list(chunks[0].runs), []
    ended: list[Ended] = []
    for event in train(runs, task, checkpoint_seconds=0.0):
        if isinstance(event, Checkpointed):
            states.append(len(event.blob))
        elif isinstance(event, Ended):
            ended.append(event)
    work = Work(
        n_runs=n * len(chunks),
        runs_per_task=n,
        run_seconds=float(seconds.mean()) / n,
        spread=float(seconds.std(ddof=1) / seconds.mean()),
        outcome_bytes=_outcome_bytes(ended),
        state_bytes=float(np.mean(states)) if states else 0.0,
        data_bytes=float(task.inputs.nbytes + task.targets.nbytes),
    )
    start_seconds = max(0.0, ends[0] - float(seconds.mean()))
    return Times(work, start_seconds, _merge_seconds(ended), len(os.sched_getaffinity(0)))


def as_here(times: Times, workers: int) -> Cluster:
    """Return the cluster that this machine is with so many workers: cores are shared out."""
    share = max(1.0, workers / times.cores)
    return Cluster(
        workers=workers,
        start_seconds=share * times.start_seconds,
        slow_share=1.0,
        slow_factor=share,
    )


def _outcome_bytes(ended: Sequence[Ended]) -> float:
    """Return what a run takes in a file of results, as tasks of an array job leave them."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "results")
        write_results(path, ended, provenance())
        return path.stat().st_size / len(ended)


def _merge_seconds(ended: Sequence[Ended]) -> float:
    outcomes = [one.outcome for one in ended]
    with TemporaryDirectory() as folder, Store(Path(folder, "s.sqlite")) as store:
        store.put_provenance(provenance())
        start = time.perf_counter()
        store.put(outcomes, {})
        return (time.perf_counter() - start) / len(outcomes)
