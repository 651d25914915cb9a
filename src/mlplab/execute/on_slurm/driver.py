"""The driver of array jobs: submits what is to do, merges what has come, and watches the rest."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Container, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from mlplab import errors
from mlplab.atomic import atomic_file
from mlplab.data import Task
from mlplab.engine.events import Barrier, Ended, Event, Joined, Progressed
from mlplab.errors import ConfigError, MlplabError, WorkerError
from mlplab.execute.brought import modules_of, not_importable, plugins_of
from mlplab.execute.chunks import Chunk
from mlplab.execute.executor import Job, Portions
from mlplab.execute.on_slurm.commands import alive, cancel, check_slurm, submit, write_script
from mlplab.execute.on_slurm.results import Results
from mlplab.execute.on_slurm.spool import JobFolder, Spool, Terms
from mlplab.execute.portions import portion, summed
from mlplab.specs import Run
from mlplab.specs.clusters import Slurm

# A task takes some four seconds to start: 3 % of this, and short ones crowd the queue.
TASK_SECONDS = 120.0
CHECKPOINT_SECONDS = 60.0  # a file for each run: shared disks bear few
BARRIER_SECONDS = 5.0
# Asking often is what clusters' keepers ask users not to do.
QUEUE_SECONDS = 10.0
# A task that has left the queue may have written files that this machine does not see yet.
SETTLE_SECONDS = 20.0
_FOLDER_SECONDS = (0.1, 2.0)  # between two looks into the folders: while much comes, while little
_TRIES = 2  # as for worker processes
# Slurm takes jobs that ask for more than there is, and lets them wait for ever.
_NEVER = (
    "PartitionConfig",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "BadConstraints",
    "AssocMaxWallDurationPerJobLimit",
    "QOSMaxWallDurationPerJobLimit",
)


@dataclass
class _Watched:
    """A job that is waited for.

    Attributes:
        folder: its part of the spool.
        n_tasks: of it.
        made: run-epochs that have been told, by task and its start.
        gone_since: when a task was first seen to have left the queue.
        given_up: tasks whose runs others train.
        to_mark: files whose runs have been handed on.
    """

    folder: JobFolder
    n_tasks: int
    made: dict[tuple[int, str], float]
    gone_since: dict[int, float] = field(default_factory=dict)
    given_up: set[int] = field(default_factory=set)
    to_mark: list[Path] = field(default_factory=list)

    def open_tasks(self, todo: Container[str]) -> list[int]:
        """The tasks from which runs are still to come."""
        kept = (task for task in range(self.n_tasks) if task not in self.given_up)
        return [task for task in kept if any(key in todo for key in self.folder.keys[task])]


@final
@dataclass(frozen=True)
class OnSlurm:
    """A Slurm cluster whose machines share a disk with this one.

    Attributes:
        settings: partition, time, cores of a task.
        at_once: tasks that run at a time, at most; None leaves that to Slurm.
    """

    settings: Slurm = field(default_factory=Slurm)
    at_once: int | None = None

    def train(self, job: Job) -> Generator[Event]:
        """Submit array jobs, and yield what their tasks leave in the spool.

        Tasks that an earlier call has submitted are waited for, not submitted again, and what they
        have finished is merged. Closing the generator cancels the tasks, which leave checkpoints;
        if this process just ends, they go on.

        Raises:
            ConfigError: there is no Slurm here, it refuses the job, or tasks cannot import what a
                user brought.
            WorkerError: a task was lost twice without getting any further.
        """
        check_slurm()
        modules = modules_of({"measures": job.measures, "plugins": plugins_of(job.specs)})
        if modules is None:
            raise not_importable("slurm", "tasks")
        yield from _Drive(self, job, Spool(self.settings.spool), modules).run()

    def portions(self, runs: Sequence[Run], task: Task) -> Portions:
        """Return how these runs would be portioned out; nothing runs."""
        return summed(self.chunks(runs, task), self.settings, self.at_once)

    def chunks(self, runs: Sequence[Run], task: Task) -> list[Chunk]:
        """Return the runs of each task, the longest first."""
        return portion(
            runs,
            task,
            most=self.settings.tasks,
            seconds=TASK_SECONDS,
            cores=self.settings.cpus,
            workers=self.at_once or 1,
        )


class _Drive:
    """One call's work: its runs that are still to come, and the jobs that train them."""

    def __init__(self, on: OnSlurm, job: Job, spool: Spool, modules: Sequence[str]) -> None:
        self._on, self._job, self._spool, self._modules = on, job, spool, modules
        self._device = on.settings.device
        self._todo = dict(zip(job.runs.keys, job.runs, strict=True))
        self._mine = set(self._todo)
        self._origins: set[str] = set()
        self._watched: list[_Watched] = []
        self._lost: dict[str, int] = {}  # how often a run's task was lost, getting no further
        self._next_queue = self._next_barrier = 0.0
        self._stuck_since: float | None = None

    def run(self) -> Generator[Event]:
        """Yield events until every run has ended."""
        try:
            self._find_earlier()
            # Asked before the merge: what has left the queue by then has written its files.
            queued = self._queued()
            yield from self._merge_earlier()
            self._submit(self._free(queued))
            pause = _FOLDER_SECONDS[0]
            while self._todo:
                news = False
                for watched in list(self._watched):
                    for event in self._merge(watched):
                        news = True
                        yield event
                if time.monotonic() > self._next_barrier:
                    yield from self._settle()
                self._look_after_tasks()
                pause = _FOLDER_SECONDS[0] if news else min(1.5 * pause, _FOLDER_SECONDS[1])
                if self._todo:
                    time.sleep(pause)
            yield from self._settle()
            self._clear()
        except BaseException:
            # Ctrl-C, an error, or `close()`: whoever wanted the results wants them no more.
            cancel([watched.folder.name for watched in self._watched if _is_ours(watched.folder)])
            raise

    def _find_earlier(self) -> None:
        """Take over what an earlier call has submitted."""
        for folder in self._spool.jobs():
            try:
                serves = folder.terms.serve(
                    self._job.task.content,
                    self._job.keep_weights,
                    self._job.keep_correct,
                    self._device,
                )
                keys = folder.keys if serves else ()
            except (KeyError, TypeError, ValueError):  # still being written, or never finished
                continue
            if any(not self._mine.isdisjoint(some) for some in keys):
                self._watched.append(_Watched(folder, len(keys), folder.read_progress()))
                _is_ours(folder)

    def _queued(self) -> dict[str, dict[int, str]]:
        """Return the tasks in the queue, if there are any to look for."""
        queued = alive() if self._watched else {}
        if queued is None:
            raise WorkerError("on slurm: squeue does not answer; the same command tries again")
        return queued

    def _merge_earlier(self) -> Generator[Event]:
        """Yield what came of what was taken over."""
        for watched in self._watched:
            for event in self._merge(watched):
                yield event
                if isinstance(event, Ended):
                    yield Progressed(float(event.outcome.epochs))
        yield from self._settle()

    def _free(self, queued: Mapping[str, Mapping[int, str]]) -> list[Run]:
        """The runs that no task in the queue is going to train."""
        taken: set[str] = set()
        for watched in self._watched:
            tasks = queued.get(watched.folder.name, {})
            for task in tasks:
                taken.update(watched.folder.keys[task])
            # Those that neither wait nor run have been given up by whoever submitted them.
            watched.given_up |= set(range(watched.n_tasks)) - set(tasks)
        return [run for key, run in self._todo.items() if key not in taken]

    def _submit(self, runs: Sequence[Run]) -> None:
        """Write and submit a job for these runs, with the latest states that there are of them."""
        if not runs:
            return
        on, job = self._on, self._job
        chunks = on.chunks(runs, job.task)
        # Before the data: a driver that ends meanwhile leaves them where there is a job.
        folder = self._spool.new_job()
        try:
            terms = Terms(
                content=job.task.content,
                task=self._spool.share(job.task),
                cores=on.settings.cpus,
                device=self._device,
                keep_weights=job.keep_weights,
                keep_correct=job.keep_correct,
                checkpoint_seconds=max(CHECKPOINT_SECONDS, job.checkpoint_seconds),
                modules=self._modules,
            )
            folder.fill(terms, [chunk.runs for chunk in chunks])
            folder.take()
            self._bring_states(folder, [run.key for run in runs])
            # After the states that are brought: what is newer than the script, the tasks have made.
            script = write_script(folder.script, _environment())
            submit(script, len(chunks), on.settings, on.at_once)
        except BaseException as problem:
            cancel([folder.name])  # Ctrl-C, or no answer: Slurm may have it all the same
            folder.remove()
            if isinstance(problem, OSError):
                raise self._spool.unwritable(problem) from None
            raise
        # Its keys are read now: another driver may clear up before they are asked for.
        self._watched.append(_Watched(folder, len(folder.keys), {}))
        self._next_queue = time.monotonic() + QUEUE_SECONDS

    def _bring_states(self, folder: JobFolder, keys: Iterable[str]) -> None:
        keys = list(keys)
        if self._device == "cpu":
            from mlplab.engine import provenance

            here = provenance().id
            for key in keys:
                if key in self._job.resume:
                    path = folder.state_path(key, here)
                    with atomic_file(path) as draft:
                        draft.write_bytes(self._job.resume[key])
        # Later than what the store has, where there is both.
        for watched in self._watched:
            for path in watched.folder.states(keys):
                target = folder.state_path(path.name, path.parent.name)
                # Its run has just ended, if the task was given up too early.
                with contextlib.suppress(FileNotFoundError), atomic_file(target) as draft:
                    draft.write_bytes(path.read_bytes())

    def _merge(self, watched: _Watched) -> Generator[Event]:
        """Yield what has come since the last look."""
        for key, made in watched.folder.read_progress().items():
            if (more := made - watched.made.get(key, 0.0)) > 0:
                watched.made[key] = made
                yield Progressed(more)
        for path, results in watched.folder.new_results():
            try:
                yield from self._read(results)
            except (FileNotFoundError, ValueError):
                # Put aside by another driver, or damaged: then its runs count as not finished.
                continue
            watched.to_mark.append(path)

    def _read(self, results: Results) -> Generator[Event]:
        if self._todo.keys().isdisjoint(results.keys):
            return
        if results.provenance.id not in self._origins:
            self._origins.add(results.provenance.id)
            yield Joined(results.provenance)
        for ended in results:
            if self._todo.pop(ended.outcome.key, None) is not None:
                yield ended

    def _settle(self) -> Generator[Event]:
        """Have what was merged kept for good, and only then put its files aside."""
        self._next_barrier = time.monotonic() + BARRIER_SECONDS
        if not any(watched.to_mark for watched in self._watched):
            return
        yield Barrier()
        for watched in self._watched:
            for path in watched.to_mark:
                keys = set(self._keys_of(path))
                strangers = keys - self._mine
                # Of another experiment, whose driver is away: they stay for it.
                if keys and strangers <= set(self._job.kept(strangers)):
                    watched.folder.mark_merged(path)
            watched.to_mark.clear()

    @staticmethod
    def _keys_of(path: Path) -> tuple[str, ...]:
        try:
            return Results(path).keys
        except (FileNotFoundError, ValueError):  # another driver was quicker
            return ()

    def _look_after_tasks(self) -> None:
        """Raise what a task failed with, and submit again what was lost."""
        for watched in self._watched:
            failure = watched.folder.failure()
            if failure is not None and failure[0] not in watched.given_up:
                raise _error_of(watched.folder, *failure)
        now = time.monotonic()
        if now < self._next_queue:
            return
        self._next_queue = now + QUEUE_SECONDS
        queued = alive()
        if queued is None:  # Slurm is silent for a while
            return
        self._refuse_stuck(queued, now)
        lost: list[Run] = []
        for watched in self._watched:
            tasks = queued.get(watched.folder.name, {})
            for task in watched.open_tasks(self._todo):
                # One that says that it is done, and whose file is damaged, may still be listed.
                if task in tasks and not watched.folder.is_done(task):
                    watched.gone_since.pop(task, None)
                elif now - watched.gone_since.setdefault(task, now) >= SETTLE_SECONDS:
                    watched.given_up.add(task)
                    lost += self._lost_runs(watched, task)
        self._submit(lost)

    def _refuse_stuck(self, queued: Mapping[str, Mapping[int, str]], now: float) -> None:
        """Raise if a task waits for what it never gets."""
        names = [watched.folder.name for watched in self._watched]
        reasons = {why for name in names for why in queued.get(name, {}).values()}
        stuck = sorted(reasons.intersection(_NEVER))
        if not stuck:
            self._stuck_since = None
            return
        self._stuck_since = now if self._stuck_since is None else self._stuck_since
        if now - self._stuck_since >= SETTLE_SECONDS:
            raise ConfigError(
                f"on slurm: a task asks for more than the partition gives, and would wait for ever "
                f"({stuck[0]}); ask for less (--time, --cpus, --gpus), or name another partition "
                "(--partition)"
            )

    def _lost_runs(self, watched: _Watched, task: int) -> list[Run]:
        """Return what a lost task has left to do.

        Raises:
            WorkerError: they were lost before, and no run has got any further since.
        """
        keys = watched.folder.keys[task]
        runs = [self._todo[key] for key in keys if key in self._todo]
        came_further = len(runs) < len(keys) or watched.folder.came_further(keys)
        for run in runs:
            self._lost[run.key] = 0 if came_further else self._lost.get(run.key, 0) + 1
        if any(self._lost[run.key] >= _TRIES for run in runs):
            log = watched.folder.log_of(task)
            says = (
                f"ended twice without a word on the same runs; what it said last: {log}; if memory "
                "ran out, SBATCH_MEM_PER_NODE asks for more"
                if log.exists()
                else "left the queue twice before it began (scancel?); the same command submits it "
                "again"
            )
            raise WorkerError(f"on slurm: a task {says}; finished runs are kept")
        return runs

    def _clear(self) -> None:
        """Remove the jobs that have nothing left to give."""
        queued = alive()
        for watched in self._watched:
            waits = queued is None or watched.folder.name in queued
            if all(map(watched.folder.is_done, range(watched.n_tasks))):
                waits = False
            if waits or any(watched.folder.results(merged=False)):
                continue
            # Checkpoints of another experiment's runs, whose driver was interrupted, stay for it.
            strangers = watched.folder.keys_of_states() - self._mine
            if strangers <= set(self._job.kept(strangers)):
                watched.folder.remove()
        self._spool.clear_data()


def _is_ours(folder: JobFolder) -> bool:
    """Whether no other driver waits for a job's tasks; the job is this one's then."""
    try:
        return folder.take()
    except OSError:  # another driver has cleared up, or nothing can be written
        return True


def _error_of(folder: JobFolder, task: int, page: dict[str, str]) -> MlplabError:
    kind = getattr(errors, page.get("kind", ""), WorkerError)
    known = isinstance(kind, type) and issubclass(kind, MlplabError)
    says = page.get("says", f"task {task} failed; see {folder.log_of(task)}")
    return kind(says) if known else WorkerError(says)


def _environment() -> dict[str, str]:
    """What makes a task find the same modules, with one thread in each library."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": path}
