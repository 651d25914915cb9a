"""What a store holds, whoever asked for it: runs by data, factors, experiment, metric and end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlplab.data import available, load_task
from mlplab.errors import ConfigError, DataError, StoreError
from mlplab.experiment.frame import Says, fill_frame, metrics_in_order
from mlplab.hints import hint
from mlplab.specs.columns import Keys
from mlplab.specs.net import PER_LAYER
from mlplab.specs.paths import short_names
from mlplab.specs.plain import ABSENT, changed_values, read_plain, show_plain, value_at
from mlplab.store import Membership, Row, Store

if TYPE_CHECKING:
    import pandas as pd

Condition = Mapping[str, Any]
"""Dotted path -> the plain value that a run must have there."""

_CONTENT_DIGITS = 8  # of a hash of data, where their name is not known
_PER_LAYER = {f"net.{name}" for name in PER_LAYER}
_AT_ONCE = 500  # runs whose numbers are in memory together


class KeptRun:
    """A finished run without its numbers; its text is read when it is first asked for."""

    def __init__(self, row: Row, tasks: Mapping[str, str]) -> None:
        self.row = row
        self.key = row.key
        self._tasks = tasks

    @cached_property
    def plain(self) -> Mapping[str, Any]:
        """The run as JSON has it, without defaults; empty where it was not kept."""
        try:
            plain = read_plain(self.row.text or "{}")
        except (ValueError, TypeError) as error:
            raise StoreError(f"the stored text of run {self.key} cannot be read: {error}") from None
        return plain

    @property
    def content(self) -> str:
        """The hash of its data; empty where it is not known."""
        return str(self.plain.get("task", {}).get("content", ""))

    @property
    def task(self) -> str:
        """The name of its data, or the beginning of their hash."""
        short = self.content[:_CONTENT_DIGITS]
        return self._tasks.get(self.content) or (f"data {short}" if short else "unknown")

    @property
    def seed(self) -> int:
        """Its seed."""
        return int(value_at(self.plain, "seed"))

    @property
    def factors(self) -> dict[str, Any]:
        """What is not as in `Run()`, by dotted path, as plain values."""
        return changed_values(self.plain)

    def shown(self, path: str) -> bool | float | str | None:
        """Return the value at a path for a cell: lists and specs as they would be typed.

        None where this run has no such field.
        """
        value = value_at(self.plain, path)
        if value is ABSENT:
            return None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return show_plain(value) if isinstance(value, list | Mapping) else value

    def fits(self, condition: Condition) -> bool:
        """Return whether it has all these values; unknown runs have none.

        One rate of dropout, or strength of noise, stands for one in every hidden layer.
        """
        return self.row.text is not None and all(
            _value(self.plain, path, wanted) == wanted for path, wanted in condition.items()
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """Which runs are wanted: all that fit everything said here.

    Attributes:
        task: the name of their data, or the beginning of the hash that is shown for it.
        experiment: its name, or what the names of several begin with (`4.2.1`, `4.2`).
        where: of each element, one condition at least holds.
        metrics: that they recorded.
        status: how they ended.
    """

    task: str | None = None
    experiment: str | None = None
    where: Sequence[Sequence[Condition]] = ()
    metrics: Sequence[str] = ()
    status: str | None = None


@dataclass(frozen=True, eq=False)
class Kept:
    """Runs of a store, the newest first.

    Attributes:
        store: that holds them.
        runs: those that are meant here.
        memberships: which runs each experiment asked for.
    """

    store: Store
    runs: tuple[KeptRun, ...]
    memberships: tuple[Membership, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.runs)

    def select(self, asked: Asked) -> Kept:
        """Return those that are wanted.

        Raises:
            ConfigError: a task, experiment or metric that none of them can have; says what they
                have.

        Cost: 20,000 runs in about 0.3 s by factors, 0.3 s by metrics.
        """
        runs = list(self.runs)
        if asked.status is not None:
            runs = [run for run in runs if run.row.status == asked.status]
        if asked.experiment is not None:
            keys = self._keys_of(asked.experiment)
            runs = [run for run in runs if run.key in keys]
        if asked.task is not None:
            contents = self._contents_of(asked.task)
            runs = [run for run in runs if run.content in contents]
        for conditions in asked.where:
            runs = [run for run in runs if any(run.fits(one) for one in conditions)]
        if asked.metrics and runs:
            recorded = self.store.metrics(run.key for run in runs)
            for name in asked.metrics:
                # Not there: a run that another process pruned meanwhile.
                having = [run for run in runs if name in recorded.get(run.key, ())]
                if not having:
                    known = metrics_in_order(recorded.values())
                    raise ConfigError(f"metric: these runs record no {name!r}; {hint(name, known)}")
                runs = having
        return replace(self, runs=tuple(runs))

    def newest(self, n: int) -> Kept:
        """Return the newest n of them."""
        return replace(self, runs=self.runs[:n])

    def find(self, start: str) -> KeptRun:
        """Return the one run whose key begins so.

        Raises:
            ConfigError: there is none, or more than one; names the nearest.
        """
        start = start.strip().lower()
        found = self._beginning(start)
        if len(found) == 1:
            return found[0]
        n = self.digits_apart()
        if found:
            raise ConfigError(
                f"key: {start!r} begins those of {len(found)} runs: {_some(found, n)}"
            )
        while not found and (start := start[:-1]):
            found = self._beginning(start)
        nearest = f"nearest: {_some(found, n)}" if found else "`mlplab runs` lists them"
        raise ConfigError(f"key: no run's begins so; {nearest}")

    def _beginning(self, start: str) -> list[KeptRun]:
        return [run for run in self.runs if run.key.startswith(start)]

    def digits_apart(self, least: int = 8) -> int:
        """Return how many digits tell the keys apart."""
        digits = least
        while len({run.key[:digits] for run in self.runs}) < len(self.runs):
            digits += 1
        return digits

    def settings(self) -> set[str]:
        """Return the names of the settings that users' modules and optimisers have here."""
        paths = {path for run in self.runs for path in run.factors}
        return {path.partition(".settings.")[2] for path in paths if ".settings." in path}

    def tasks(self) -> list[str]:
        """Return the names of the data that experiments here ran on."""
        return sorted({one.task for one in self.memberships})

    def experiments(self, key: str | None = None) -> list[str]:
        """Return the experiments' names, or those that asked for one run."""
        asked = (one for one in self.memberships if key is None or key in one.keys)
        return sorted({one.experiment for one in asked})

    def knows(self, experiment: str) -> bool:
        """Return whether an experiment here is called so."""
        return any(is_called(experiment, one.experiment) for one in self.memberships)

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics that any of these runs recorded: train, valid, test, the others."""
        return metrics_in_order(self.store.metrics(run.key for run in self.runs).values())

    @cached_property
    def factors(self) -> dict[str, type]:
        """What differs from `Run()` in any of these runs, and the type of its values.

        Numbers of both kinds are floats; what else mixes is text, as it would be typed.
        """
        paths = dict.fromkeys(path for run in self.runs for path in run.factors)
        return {path: _type_of(run.shown(path) for run in self.runs) for path in paths}

    def frames(self, *, last: bool = False) -> Iterator[pd.DataFrame]:
        """Yield tidy frames of some hundred runs each: one row per run and epoch, or per run.

        Columns are those of `Runs.frame`, with the name of the task, and the same in all frames;
        lists and specs are written as they would be typed. Runs whose text was not kept have none.
        """
        known = [run for run in self.runs if run.row.text is not None]
        heads = ("key", "task", "arm", "seed", *self.factors)
        for first in range(0, len(known), _AT_ONCE):
            part = known[first : first + _AT_ONCE]
            outcomes = self.store.outcomes(Keys.of(run.key for run in part))
            rows = outcomes.ended
            lines = [self._says(part[row]) for row in rows]
            says = {name: Says([line[name] for line in lines]) for name in heads}
            yield fill_frame(says, outcomes, rows, self.metrics, last=last)

    def _says(self, run: KeptRun) -> dict[str, Any]:
        values = {path: run.shown(path) for path in self.factors}
        return {
            "key": run.key,
            "task": run.task,
            "arm": show_factors(run.factors) or "base",
            "seed": run.seed,
            **{
                path: show_plain(value) if kind is str and value is not None else value
                for (path, kind), value in zip(self.factors.items(), values.values(), strict=True)
            },
        }

    def _keys_of(self, name: str) -> set[str]:
        found = [one for one in self.memberships if is_called(name, one.experiment)]
        if found:
            return {key for one in found for key in one.keys}
        known = {row["experiment"] for row in [*self.store.verdicts(), *self.store.looks()]}
        if any(is_called(name, title) for title in known):
            raise ConfigError(
                f"experiment: an older mlplab ran {name!r} here and did not keep which runs are "
                "its; running it again takes them from the store, and notes them"
            )
        says = hint(name, self.experiments(), f"known: {_listed(self.experiments())}")
        raise ConfigError(f"experiment: none here is called {name!r}; {says}")

    def _contents_of(self, name: str) -> set[str]:
        found = {one.content for one in self.memberships if one.task == name}
        here = {run.content for run in self.runs if run.content}
        digits = name.removeprefix("data ")
        if not found and len(digits) >= _CONTENT_DIGITS:
            found = {content for content in here if content.startswith(digits)}
        if found:
            return found
        if name in {one.name for one in available()}:
            # Runs of an older mlplab: no name was kept with them, but the data tell their hash.
            try:
                return {load_task(name, offline=True).content}
            except (ConfigError, DataError):
                return set()
        says = hint(name, self.tasks(), f"known: {_listed(self.tasks())}")
        raise ConfigError(f"task: no run here is of {name!r}; {says}")


def kept_runs(store: Store) -> Kept:
    """Return all finished runs of a store, the newest first.

    Cost: 20,000 runs in about 0.2 s.
    """
    memberships = store.memberships()
    tasks = {one.content: one.task for one in memberships}
    return Kept(store, tuple(KeptRun(row, tasks) for row in store.rows()), tuple(memberships))


def show_factors(factors: Mapping[str, Any]) -> str:
    """Return plain values by dotted path in one line, by short names.

    >>> show_factors({"net.hidden": [64, 32], "optim": "adam", "optim.lr": 0.01})
    'hidden=64x32 optimizer=adam lr=0.01'
    """
    names = short_names(factors) | {"optim": "optimizer"}
    return " ".join(f"{names[path]}={show_plain(value)}" for path, value in factors.items())


def _value(plain: Mapping[str, Any], path: str, wanted: Any) -> Any:
    value = value_at(plain, path)
    alike = path in _PER_LAYER and isinstance(value, list) and value == value[:1] * len(value)
    return value[:1] if alike and len(wanted) == 1 else value


def _type_of(values: Iterable[Any]) -> type:
    found = list(values)
    kinds = {type(value) for value in found} - {type(None)}
    if any(type(value) is int and not -(2**63) <= value < 2**63 for value in found):
        return str  # no table has such numbers
    if kinds == {int, float}:
        return float
    return kinds.pop() if len(kinds) == 1 else str


def is_called(name: str, title: str) -> bool:
    """Return whether an experiment is called so or is part of it: 4.2 holds 4.2.1 and 4.2.2."""
    return title == name or title.startswith((f"{name} ", f"{name}."))


def _some(runs: Sequence[KeptRun], digits: int, most: int = 6) -> str:
    more = f", ... ({len(runs)} in all)" if len(runs) > most else ""
    return ", ".join(run.key[:digits] for run in runs[:most]) + more


def _listed(names: Collection[str] | Iterable[str], most: int = 8) -> str:
    shown = list(names)
    more = f", ... ({len(shown)} in all)" if len(shown) > most else ""
    return (", ".join(map(repr, shown[:most])) or "none") + more
