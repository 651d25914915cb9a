"""What a task of an array job does: trains its runs, and leaves what comes of them as files."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType

from safetensors import SafetensorError, safe_open

from mlplab.atomic import atomic_file
from mlplab.data import Task, attach
from mlplab.engine import provenance
from mlplab.engine.events import Checkpointed, Ended, Event, Progressed
from mlplab.engine.measures import measures_in
from mlplab.errors import DataError, MlplabError, WorkerError
from mlplab.execute.brought import describe
from mlplab.execute.executor import Job
from mlplab.execute.local import Local
from mlplab.execute.on_slurm.commands import requeue
from mlplab.execute.on_slurm.results import write_results
from mlplab.execute.on_slurm.spool import JobFolder, write_json
from mlplab.inside import mark, unmark
from mlplab.specs.columns import Population

_SECONDS_BETWEEN = 1.0  # of files that say what has ended, and how far the others are
_MOST_TOGETHER = 500  # runs in a file
_MOST_BYTES = 16 * 2**20  # of weights in a file


class Stop:
    """Whether the task shall stop: at its time limit it goes on later, when it is told to end not.

    Slurm sends `SIGUSR1` some time before the limit, as it is asked to, and `SIGTERM` to a task
    that is cancelled, or taken off its machine for another's sake.
    """

    def __init__(self) -> None:
        self.at_limit = self.told = False
        signal.signal(signal.SIGUSR1, self._hear)
        signal.signal(signal.SIGTERM, self._hear)

    def __call__(self) -> bool:
        """Whether it shall stop."""
        return self.at_limit or self.told

    @property
    def goes_on(self) -> bool:
        """Whether the task is to be queued again: at its limit, unless it was cancelled as well."""
        return self.at_limit and not self.told

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGUSR1:
            self.at_limit = True
        else:
            self.told = True


class _States(Mapping[str, bytes]):
    """The checkpoints of runs that go on to the same bits here, each read when asked for.

    Damaged ones count as not there: their runs begin anew.
    """

    def __init__(self, folder: JobFolder, keys: Iterable[str], origin: str) -> None:
        self._folder, self._keys, self._origin = folder, keys, origin

    def __getitem__(self, key: str) -> bytes:
        try:
            return self._folder.state_path(key, self._origin).read_bytes()
        except FileNotFoundError:
            raise KeyError(key) from None

    def __contains__(self, key: object) -> bool:
        try:
            with safe_open(self._folder.state_path(str(key), self._origin), "numpy"):
                return True
        except (SafetensorError, OSError):
            return False

    def __iter__(self) -> Iterator[str]:
        there = self._folder.keys_of_states()
        return (key for key in self._keys if key in there and key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Writer:
    """Writes events into a job's folder as they come: runs in files of many, states one by one."""

    def __init__(self, folder: JobFolder, task: int) -> None:
        self._folder, self._task = folder, task
        # Of this start of the task: another may still run, given up too early.
        self._instance = secrets.token_hex(4)
        self._provenance = provenance(folder.terms.device)
        self._ended: list[Ended] = []
        self._n_bytes = self._n_files = 0
        self._next = time.monotonic() + _SECONDS_BETWEEN
        self.run_epochs = 0.0

    def write(self, event: Event) -> None:
        """Write an event, at once or soon."""
        if isinstance(event, Progressed):
            self.run_epochs += event.run_epochs
        elif isinstance(event, Checkpointed):
            with atomic_file(self._state_path(event.key)) as draft:
                draft.write_bytes(event.blob)
        elif isinstance(event, Ended):
            self._ended.append(event)
            self._n_bytes += len(event.weights or b"")
        full = len(self._ended) >= _MOST_TOGETHER or self._n_bytes > _MOST_BYTES
        if full or time.monotonic() > self._next:
            self.flush()

    def flush(self) -> None:
        """Write what is left."""
        if self._ended:
            name = f"{self._task}-{self._instance}-{self._n_files}"
            self._n_files += 1
            write_results(self._folder.folder / "results" / name, self._ended, self._provenance)
            for one in self._ended:
                self._state_path(one.outcome.key).unlink(missing_ok=True)
            self._ended, self._n_bytes = [], 0
        self._folder.write_progress(self._task, self._instance, self.run_epochs)
        self._next = time.monotonic() + _SECONDS_BETWEEN

    def _state_path(self, key: str) -> Path:
        return self._folder.state_path(key, self._provenance.id)


def _data(folder: JobFolder) -> Task:
    try:
        return attach(folder.terms.task, check=True)
    except DataError as problem:
        raise WorkerError(
            f"on slurm: the spool's data are damaged ({problem}); the same command writes them anew"
        ) from None


def train_task(folder: JobFolder, task: int, stop: Stop) -> bool:
    """Train what is left of a task's runs; return whether it shall go on later.

    Raises:
        MlplabError: a run cannot be trained, or the task has not come any further.
    """
    terms = folder.terms
    _import_all(terms.modules)
    runs = folder.runs(task)
    ended = {key for results in folder.results(task) for key in results.keys}
    left = Population.of([run for run in runs if run.key not in ended])
    writer = Writer(folder, task)
    if left:
        job = Job(
            left,
            _data(folder),
            measures=measures_in(left.used().values()),
            resume=_States(folder, left.keys, provenance(terms.device).id),
            keep_weights=terms.keep_weights,
            keep_correct=terms.keep_correct,
            checkpoint_seconds=terms.checkpoint_seconds,
            stop=stop,
        )
        # 1 is this process; more are threads, or processes of its own.
        for event in Local(terms.cores, terms.device).train(job):
            writer.write(event)
        writer.flush()
    if not stop():
        write_json(folder.folder / "done" / str(task), {"run_epochs": writer.run_epochs})
        return False
    if stop.goes_on and not writer.run_epochs:
        raise WorkerError(
            f"task {task} of {folder.name} has not come any further before its time limit; give "
            "tasks more time (--time)"
        )
    return stop.goes_on


def main() -> None:
    """Be the task that Slurm's environment names, of the job whose folder is the argument."""
    stop = Stop()
    folder = JobFolder(Path(sys.argv[1]))
    task = int(os.environ["SLURM_ARRAY_TASK_ID"])
    try:
        goes_on = train_task(folder, task, stop)
    except BaseException as problem:
        _say_failed(folder, task, problem)
        raise
    if goes_on:
        requeue(f"{os.environ['SLURM_ARRAY_JOB_ID']}_{task}")


def _import_all(modules: Sequence[str]) -> None:
    """Import a user's modules for what they register; none may train as it is imported."""
    for module in modules:
        os.environ.update(mark(module))
        try:
            import_module(module)
        except BaseException as problem:
            if isinstance(problem, MlplabError):
                raise
            raise WorkerError(f"tasks cannot import {module!r} ({describe(problem)})") from None
        finally:
            unmark()


def _say_failed(folder: JobFolder, task: int, problem: BaseException) -> None:
    known = isinstance(problem, MlplabError)
    says = str(problem) if known else f"task {task} failed: {describe(problem)}"
    page = {"kind": type(problem).__name__ if known else "WorkerError", "says": says}
    if not folder.folder.is_dir():
        return  # its driver submits the runs again, in a folder of their own
    with contextlib.suppress(OSError):
        write_json(folder.folder / "failed" / f"{task}.json", page)


if __name__ == "__main__":
    main()
