"""The spool: a folder on a shared disk, where tasks find their runs and leave what comes of them.

    data/CONTENT-inputs.npy         the arrays of a task, once
    jobs/NAME/job.json              what a submitted job has in common
              runs/0.json           the runs of task 0
              results/0-*           runs of task 0 that ended, until they are merged
              merged/0-*            the same, once they are in the store
              checkpoints/ORIGIN/KEY    the latest state of a run, by where its bits come from
              progress/0.json       how far task 0 has come
              done/0, failed/0.json     how task 0 ended
              log/0.txt             what task 0 printed
              task.sh               what Slurm runs for each task

Files appear under their names when they are whole, so that no reader needs a lock.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from mlplab.atomic import atomic_file
from mlplab.data import Task
from mlplab.errors import WorkerError
from mlplab.execute.on_slurm.results import Results
from mlplab.named_paths import named_path
from mlplab.specs import Run
from mlplab.store.leases import Process, this_process
from mlplab.store.place import default_path
from mlplab.version import ENGINE_VERSION

PREFIX = "mlplab-"
_ABANDONED_SECONDS = 24 * 3600.0  # to write a job takes minutes; clocks may differ


@dataclass(frozen=True)
class Terms:
    """What the tasks of a job have in common.

    Attributes:
        content: of the data, see `Task.content`.
        task: handle of the data.
        engine: version of the package's engine.
        cores: of each task.
        device: that tasks train on.
        keep_weights, keep_correct, checkpoint_seconds: see `Job`.
        modules: a user's modules, imported for what they register.
    """

    content: str
    task: Mapping[str, Any]
    cores: int
    device: str
    keep_weights: bool
    keep_correct: bool
    checkpoint_seconds: float
    modules: Sequence[str] = ()
    engine: str = ENGINE_VERSION

    def serve(self, content: str, keep_weights: bool, keep_correct: bool, device: str) -> bool:
        """Whether results of these terms are what somebody asks for."""
        return (
            (self.content, self.engine, self.device) == (content, ENGINE_VERSION, device)
            and self.keep_weights >= keep_weights
            and self.keep_correct >= keep_correct
        )


@dataclass(frozen=True)
class JobFolder:
    """A submitted job's part of the spool; its name is the job's in Slurm."""

    folder: Path
    _seen: set[str] = field(default_factory=set, repr=False)

    @property
    def name(self) -> str:
        """What the job is called in Slurm."""
        return self.folder.name

    @cached_property
    def terms(self) -> Terms:
        """What its tasks have in common.

        Raises:
            ValueError: the file is not there yet, or not one of ours.
        """
        try:
            return Terms(**_read(self.folder / "job.json"))
        except TypeError as problem:
            raise ValueError(f"{self.folder}: {problem}") from None

    @cached_property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The keys of its runs, task by task."""
        files = sorted((self.folder / "runs").glob("*.json"), key=lambda path: int(path.stem))
        return tuple(tuple(_read(path)["keys"]) for path in files)

    def fill(self, terms: Terms, tasks: Sequence[Sequence[Run]]) -> None:
        """Write what the tasks need, before they are submitted."""
        for part in ("runs", "results", "checkpoints", "progress", "done", "failed", "log"):
            (self.folder / part).mkdir()
        for number, runs in enumerate(tasks):
            write_json(self.folder / "runs" / f"{number}.json", _page(runs))
        write_json(self.folder / "job.json", asdict(terms))

    def take(self) -> bool:
        """Make this process the job's driver, unless another one lives; return whether it is.

        One on another machine counts as living, since nothing is known of it.

        Raises:
            OSError: the folder has gone, or cannot be written.
        """
        if not self.folder.is_dir():
            raise FileNotFoundError(self.folder)
        here = this_process()
        place = self.folder / "driver.json"
        with contextlib.suppress(TypeError, ValueError):
            there = Process(**_read(place))
            if there != here and not there.is_gone(here):
                return False
        write_json(place, asdict(here))
        return True

    def runs(self, task: int) -> list[Run]:
        """Return the runs of a task, as they were when it was submitted.

        Raises:
            WorkerError: the package here calls them by other keys.
        """
        page = _read(self.folder / "runs" / f"{task}.json")
        runs: list[Run] = []
        for group in page["groups"]:
            runs += Run(**group["run"]).with_seeds(group["seeds"])
        if [run.key for run in runs] != page["keys"]:
            raise WorkerError(
                f"task {task} of {self.name}: mlplab is of another version here than where it was "
                "submitted; use the same installation on all machines"
            )
        return runs

    @property
    def script(self) -> Path:
        """What each of its tasks runs; written last before it is submitted."""
        return self.folder / "task.sh"

    def came_further(self, keys: Iterable[str]) -> bool:
        """Whether a task has left a checkpoint of one of these runs since it was submitted."""
        for path in self.states(keys):
            # Its run has just ended, or another driver has cleared up.
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime_ns > self.script.stat().st_mtime_ns:
                    return True
        return False

    def is_abandoned(self) -> bool:
        """Whether it was never submitted: its driver was killed as it wrote what tasks need."""
        if self.script.exists():
            return False
        with contextlib.suppress(FileNotFoundError):
            return time.time() - self.folder.stat().st_mtime > _ABANDONED_SECONDS
        return False

    def is_done(self, task: int) -> bool:
        """Whether a task has said that it has come to its end."""
        return (self.folder / "done" / str(task)).exists()

    def log_of(self, task: int) -> Path:
        """Return the file with what a task printed."""
        return self.folder / "log" / f"{task}.txt"

    def state_path(self, key: str, origin: str) -> Path:
        """Return where the latest checkpoint of a run is kept.

        Args:
            key: the run's.
            origin: the id of the provenance whose bits it goes on with.
        """
        return self.folder / "checkpoints" / origin / key

    def states(self, keys: Iterable[str]) -> Iterator[Path]:
        """Yield the checkpoints of runs, of whatever provenance."""
        origins = _listed(self.folder / "checkpoints")
        for key in keys:
            for origin in origins:
                if (path := origin / key).exists():
                    yield path

    def keys_of_states(self) -> set[str]:
        """Return which runs have a checkpoint, of whatever provenance."""
        origins = _listed(self.folder / "checkpoints")
        return {path.name for origin in origins for path in _listed(origin)}

    def results(self, task: int | None = None, *, merged: bool = True) -> Iterator[Results]:
        """Yield the files of runs that ended, of one task or of all; damaged ones are put aside."""
        for part in ("results", "merged") if merged else ("results",):
            for path in _listed(self.folder / part):
                if task is None or path.name.partition("-")[0] == str(task):
                    with contextlib.suppress(FileNotFoundError):
                        yield from _open(path)

    def new_results(self) -> Iterator[tuple[Path, Results]]:
        """Yield the files that have come since the last call, each once.

        Those that another driver has put aside meanwhile come again, from there.
        """
        for part in ("results", "merged"):  # another driver's store may have what this one lacks
            for path in _listed(self.folder / part):
                if path.name not in self._seen:
                    with contextlib.suppress(FileNotFoundError):
                        for results in _open(path):
                            yield path, results
                    if path.exists():
                        self._seen.add(path.name)

    def mark_merged(self, path: Path) -> None:
        """Note that the runs of a file are in the store."""
        with contextlib.suppress(FileNotFoundError):  # another driver was quicker
            (self.folder / "merged").mkdir(exist_ok=True)
            os.replace(path, self.folder / "merged" / path.name)

    def write_progress(self, task: int, instance: str, run_epochs: float) -> None:
        """Say how many run-epochs this start of a task has made."""
        page = {"instance": instance, "run_epochs": run_epochs}
        write_json(self.folder / "progress" / f"{task}.json", page)

    def read_progress(self) -> dict[tuple[int, str], float]:
        """Return the run-epochs made, by task and its start."""
        made = {}
        for path in _listed(self.folder / "progress"):
            with contextlib.suppress(KeyError, TypeError, ValueError):  # none of ours
                page = _read(path)
                made[int(path.stem), str(page["instance"])] = float(page["run_epochs"])
        return made

    def failure(self) -> tuple[int, dict[str, str]] | None:
        """Return the first task that failed, and what it said."""
        for path in _listed(self.folder / "failed"):
            with contextlib.suppress(ValueError):
                return int(path.stem), _read(path)
        return None

    def remove(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Spool:
    """The folder that all machines see.

    Args:
        place: where it is; None is `MLPLAB_SPOOL`, else a folder beside the user's own store.

    Raises:
        WorkerError: it cannot be written.
    """

    def __init__(self, place: str | None = None) -> None:
        named = place or os.environ.get("MLPLAB_SPOOL")
        self.folder = named_path(named, "spool") if named else default_path().parent / "slurm"
        try:
            (self.folder / "jobs").mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise self.unwritable(problem) from None

    def unwritable(self, problem: OSError) -> WorkerError:
        """Return what is said of a spool in which something could not be written."""
        return WorkerError(
            f"spool: {self.folder} cannot be written ({problem.strerror or problem}); name a "
            "folder that all machines see and that has room (--spool, or MLPLAB_SPOOL)"
        )

    def jobs(self) -> list[JobFolder]:
        """Return the jobs that have been submitted and not been removed since."""
        return [JobFolder(path) for path in _listed(self.folder / "jobs") if path.is_dir()]

    def share(self, task: Task) -> dict[str, Any]:
        """Write a task's arrays, once, and return the handle."""
        handle = task.share(self.folder / "data")
        inside = str(self.folder) + os.sep
        if not all(str(path).startswith(inside) for path in handle["files"].values()):
            # It is mapped from files that only this machine may see.
            handle = task.share(self.folder / "data", again=True)
        return handle

    def new_job(self) -> JobFolder:
        """Make the folder of a job that is going to be submitted."""
        name = f"{PREFIX}{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        folder = self.folder / "jobs" / name
        try:
            folder.mkdir()
        except OSError as problem:
            raise self.unwritable(problem) from None
        return JobFolder(folder)

    def clear_data(self) -> None:
        """Remove the arrays if no job is left that may need them."""
        for job in self.jobs():
            if job.is_abandoned():
                job.remove()
        if not _listed(self.folder / "jobs"):
            shutil.rmtree(self.folder / "data", ignore_errors=True)


def write_json(path: Path, page: Mapping[str, Any]) -> None:
    """Write a page of JSON; it is there when it is whole."""
    with atomic_file(path) as draft:
        draft.write_text(json.dumps(page))


def _page(runs: Sequence[Run]) -> dict[str, Any]:
    """The runs of a task, those that differ in their seeds alone written once."""
    groups, keys = [], []

    def alike(run: Run) -> str:
        return json.dumps({**run.model_dump(mode="json"), "seed": 0}, sort_keys=True)

    texts = {id(run): alike(run) for run in runs}
    for text, some in groupby(sorted(runs, key=lambda run: texts[id(run)]), lambda r: texts[id(r)]):
        members = list(some)
        groups.append({"run": json.loads(text), "seeds": [run.seed for run in members]})
        keys += [run.key for run in members]
    return {"groups": groups, "keys": keys}


def _open(path: Path) -> Iterator[Results]:
    try:
        yield Results(path)
    except ValueError:
        # A damaged disk's: its runs count as not finished, and are trained again.
        with contextlib.suppress(OSError):
            path.rename(path.with_name(f".{path.name}.damaged"))


def _listed(folder: Path) -> list[Path]:
    """What lies in a folder, by name; files that are still being written are hidden."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read(path: Path) -> dict[str, Any]:
    try:
        page = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as problem:
        raise ValueError(f"{path}: {problem}") from None
    if not isinstance(page, dict):
        raise ValueError(f"{path}: no page of ours")
    return page
