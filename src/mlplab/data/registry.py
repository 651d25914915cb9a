"""The data sets by name: a decorator adds one, `load_task` makes a task of it."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlplab.data.arrays import task_from_arrays
from mlplab.data.decoded import check_decoded, decode_once, recall
from mlplab.data.fetching import copy_files, log_only, obtain
from mlplab.data.files import (
    FileCheck,
    FileSet,
    MessageCallback,
    check_every_copy,
    in_cache,
    locate,
)
from mlplab.data.task import Kind, Task
from mlplab.errors import ConfigError, users_code
from mlplab.hints import hint
from mlplab.specs import Run, TaskRef

Loader = Callable[..., Task]


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """What is known of a data set before it is loaded.

    Attributes:
        where: where it was found, or how it is made; None if it must be fetched first.
    """

    name: str
    description: str
    n_train: int | None
    n_test: int | None
    n_features: int | None
    kind: Kind | None
    where: str | None
    base: Run | None = None
    valid: float | int = 0.1


@dataclass(frozen=True, slots=True)
class _Entry:
    info: DatasetInfo
    load: Loader
    files: FileSet | None


_REGISTRY: dict[str, _Entry] = {}


def dataset(
    name: str,
    *,
    describe: str,
    kind: Kind | None = None,
    n_train: int | None = None,
    n_test: int | None = None,
    n_features: int | None = None,
    files: FileSet | None = None,
    origin: str = "made by a function",
    base: Run | None = None,
    valid: float | int = 0.1,
) -> Callable[[Loader], Loader]:
    """Register a function that makes a task, so that `load_task(name)` and the faces know it.

    The function's keyword arguments become the data set's parameters. With `files`, it is given
    the folder in which they were found as its first argument, and its task is kept decoded.

    Args:
        name: what users type.
        describe: one line for people.
        kind: shown in lists, as are the three sizes.
        n_train: examples of the training pool.
        n_test: examples of the test split.
        n_features: features of an example.
        files: the files that it needs, if any.
        origin: where the data come from when no files are needed.
        base: the run that trains on it where nothing is said; default: by its size and scale.
        valid: share or count held out where something is chosen and nothing is said.

    Raises:
        ConfigError: the name belongs to a data set of mlplab itself, or a parameter's name to what
            `load_task` takes for every data set.

    >>> from mlplab.data import dataset, load_task, task_from_arrays
    >>> @dataset("sign", describe="Is the number positive?")
    ... def sign(*, n: int = 4):
    ...     x = [[i - n / 2 + 0.5] for i in range(n)]
    ...     return task_from_arrays(x, [row[0] > 0 for row in x])
    >>> load_task("sign", n=6).inputs.shape
    (6, 1)
    """

    def register(load: Loader) -> Loader:
        known = _REGISTRY.get(name)
        own = "mlplab.data."
        if known and known.load.__module__.startswith(own) and not load.__module__.startswith(own):
            raise ConfigError(f"data set {name!r} is one of mlplab's own; choose another name")
        taken = inspect.signature(load_task).parameters.keys() & inspect.signature(load).parameters
        if taken:
            raise ConfigError(
                f"data set {name!r}: every data set has {min(taken)!r}; give its parameter "
                "another name"
            )
        where = None if files else origin
        info = DatasetInfo(name, describe, n_train, n_test, n_features, kind, where, base, valid)
        _REGISTRY[name] = _Entry(info, load, files)
        return load

    return register


def load_task(
    name_or_arrays: str | tuple[Any, ...],
    *,
    valid: float | int = 0.0,
    offline: bool = False,
    report: MessageCallback = log_only,
    permute: int | None = None,
    bins: int | None = None,
    **params: Any,
) -> Task:
    """Load a data set by name, or make a task of arrays.

    Files are looked for in `MLPLAB_DATA`, the user's cache, the system's folders, the official
    source and its mirrors, in this order; `task.source` says which it was.

    Args:
        name_or_arrays: a registered name, or (X, y) or (X, y, X_test, y_test).
        valid: share (below 1) or count (from 1) of the pool held out for validation.
        offline: never use the network.
        report: given one line per attempt to fetch something.
        permute: a number: every example's features stand in the one random order that it makes.
        bins: each feature is given by how far it fills so many bins (before any permutation).
        params: the data set's own parameters; for arrays, those of `task_from_arrays`.

    Raises:
        ConfigError: an unknown name or parameter, or one out of range.
        DataError: data that are missing, damaged or unusable.

    >>> load_task("xor", n_train=100, n_test=50, valid=0.2)
    Task('xor': 100 pool (valid 0.2), 50 test, 2 features -> 2 classes)
    """
    if not isinstance(name_or_arrays, str):
        if not isinstance(name_or_arrays, tuple) or len(name_or_arrays) not in (2, 4):
            raise ConfigError(
                "task: expected a name, (X, y) or (X, y, X_test, y_test); "
                f"got {type(name_or_arrays).__name__}"
            )
        task = task_from_arrays(*name_or_arrays, valid=valid, **params)
        return _changed(task, bins, permute)
    entry = _entry(name_or_arrays)
    params = _bound(name_or_arrays, entry, params)
    if entry.files is None:
        with users_code("data set", name_or_arrays):
            task = entry.load(**params)
        if not isinstance(task, Task):
            raise ConfigError(f"data set {name_or_arrays!r}: expected a Task; it returned {task!r}")
    else:
        task = _from_files(entry, entry.files, params, offline, report)
    source = task.source if entry.files else str(entry.info.where)
    base = entry.info.base
    task = task._with(name=name_or_arrays, params=params, valid=valid, source=source, base=base)
    return _changed(task, bins, permute)


def _changed(task: Task, bins: int | None, permute: int | None) -> Task:
    """Return a task with its features in bins, in another order, or both."""
    task = task if bins is None else task.in_bins(bins)
    return task if permute is None else task.permuted(permute)


def task_of(task: Task | TaskRef | str, *, valid: float | int = 0.0) -> Task:
    """Return a task, loaded if it is only named.

    Args:
        task: a task, the name of a registered one, or a reference.
        valid: held out of a task that is given by its name.

    Raises:
        ConfigError: an unknown name or parameter.
        DataError: data that are missing, damaged or unusable.
    """
    if isinstance(task, Task):
        return task
    ref = TaskRef(name=task, valid=valid) if isinstance(task, str) else task
    params: dict[str, Any] = dict(ref.params)
    return load_task(ref.name, valid=ref.valid, **params)


def base_of(task: Task | TaskRef | str) -> Run:
    """Return the base run registered with a data set, or `Run()`; nothing is loaded.

    >>> base_of("digits") == Run(), base_of("spirals").fit.batch_size
    (True, 16)
    """
    if isinstance(task, Task):
        return task.base or Run()
    entry = _REGISTRY.get(task if isinstance(task, str) else task.name)
    return (entry.info.base if entry else None) or Run()


def valid_of(name: str) -> float | int:
    """Return what is held out of a data set where something is chosen and nothing is said.

    Raises:
        ConfigError: an unknown name.
    """
    return _entry(name).info.valid


def available() -> list[DatasetInfo]:
    """Return every data set by name, and where it was found on this machine."""
    return [_located(_REGISTRY[name]) for name in sorted(_REGISTRY)]


def fetch(
    name: str, report: MessageCallback = log_only, *, to: str | os.PathLike[str] | None = None
) -> str:
    """Make sure that a data set is on this machine, checked; return where it is, for people.

    Args:
        name: of the data set.
        report: given one line per attempt to fetch something.
        to: a folder that gets a copy of its files.

    Raises:
        ConfigError: an unknown name, or a folder for a data set that has no files.
        DataError: it cannot be fetched, a copy is damaged, or the folder cannot be written.
    """
    entry = _entry(name)
    if entry.files is None:
        if to is not None:
            raise ConfigError(f"data set {name!r} has no files to copy: it {_comes(entry.info)}")
        return str(entry.info.where)
    found = obtain(entry.files, report=report)
    if to is None:
        return found.label
    return ", ".join(map(str, copy_files(found, Path(to))))


def _comes(info: DatasetInfo) -> str:
    where = str(info.where)
    return f"is {where}" if where.startswith("made") else where


def verify(name: str | None = None) -> list[FileCheck]:
    """Hash every copy of every file of one data set, or of all; decoded copies too.

    Returns:
        One (file, ok, where) per copy; where is None for a file that is not on this machine.

    Raises:
        ConfigError: an unknown name.
    """
    out: list[FileCheck] = []
    names = [name] if name is not None else sorted(_REGISTRY)
    # Several data sets may be read from the same files.
    needed = [files for key in names if (files := _entry(key).files) is not None]
    for files in {one.name: one for one in needed}.values():
        out += check_every_copy(files)
        for path, ok in check_decoded(files):
            out.append(FileCheck(f"{files.name}/decoded/{path.name}", ok, str(path)))
    return out


def _entry(name: str) -> _Entry:
    if name not in _REGISTRY:
        says = hint(name, _REGISTRY, "")
        listed = f"known: {', '.join(sorted(_REGISTRY))}"
        raise ConfigError(f"data set {name!r} is not known; {says}{' ' if says else ''}{listed}")
    return _REGISTRY[name]


_OF_ALL = ("permute", "bins")
"""Parameters of every data set: what is done to a task once it is loaded."""


def _bound(name: str, entry: _Entry, params: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the parameters with the loader's defaults; refuse what it does not know."""
    signature = list(inspect.signature(entry.load).parameters.items())
    accepted = {
        key: parameter.default
        for key, parameter in signature[1 if entry.files else 0 :]
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    }
    unknown = sorted(set(params) - set(accepted))
    if unknown:
        says = hint(unknown[0], [*accepted, *_OF_ALL])
        raise ConfigError(f"data set {name!r} has no parameter {unknown[0]!r}; {says}")
    full = accepted | dict(params)
    unset = [key for key, value in full.items() if value is inspect.Parameter.empty]
    if unset:
        raise ConfigError(f"data set {name!r} needs a value for {unset[0]!r}")
    try:
        bound: dict[str, Any] = json.loads(json.dumps(full))
    except (TypeError, ValueError):
        raise ConfigError(f"data set {name!r}: expected parameters that JSON can hold") from None
    return bound


def _from_files(
    entry: _Entry, files: FileSet, params: dict[str, Any], offline: bool, report: MessageCallback
) -> Task:
    # A decoded copy is of the defaults alone.
    if params:
        return entry.load(obtain(files, offline=offline, report=report).folder, **params)
    place = locate(files)
    if place is None or place.kind == "cache":
        known = recall(files)
        if known is not None:
            origin = "" if known.source.startswith("cache") else f", from {known.source}"
            return known._with(source=f"{in_cache(files)}{origin}")
    found = obtain(files, offline=offline, report=report)
    return decode_once(found, entry.load)


def _located(entry: _Entry) -> DatasetInfo:
    info, files = entry.info, entry.files
    where = info.where
    if files is not None:
        place = locate(files)
        kept = str(in_cache(files)) if recall(files) is not None else None
        where = str(place) if place else kept
    fields = {name: getattr(info, name) for name in DatasetInfo.__slots__}
    return DatasetInfo(**(fields | {"where": where}))
