"""What is searched: factors with listed values or ranges, and the run that a configuration is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from mlplab.errors import ConfigError, GuardError
from mlplab.experiment.arms import apply_factors, factor_path
from mlplab.search.ranges import Range
from mlplab.specs import Run

Config = Mapping[str, Any]
"""Values of factors, by dotted path."""

_COUNTED = 2000  # configurations of a grid that are compared one by one to find equal ones
_CHECKED = 500  # combinations of values that are all tried out before anything trains


@dataclass(frozen=True)
class Space:
    """Factors by dotted path, each with its values or a `Range`, in the order they were given.

    Attributes:
        factors: what varies.
        base: what configurations vary; those that make the same run are one. Without it,
            configurations are places in a table, and equal only if all their values are.
    """

    factors: Mapping[str, tuple[Any, ...] | Range]
    base: Run | None = None
    # A name is a run made, validated and hashed; strategies ask for the same ones again and again.
    _names: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw one configuration, each factor on its own."""
        config: dict[str, Any] = {}
        for path, levels in self.factors.items():
            if isinstance(levels, Range):
                config[path] = levels.at(float(rng.random()))
            else:
                config[path] = levels[int(rng.integers(len(levels)))]
        return config

    def levels(self, path: str, per_range: int) -> tuple[Any, ...]:
        """Return a factor's values, or so many of its range."""
        levels = self.factors[path]
        return levels.steps(per_range) if isinstance(levels, Range) else levels

    def grid(self, per_range: int) -> list[dict[str, Any]]:
        """Return every combination, with so many values of each range; the last factor is fastest.

        Of combinations that make the same run, the first; a large grid has them all.

        >>> space = Space({"optim.lr": Range(low=0.01, high=1, log=True), "net.norm": ("none",)})
        >>> [config["optim.lr"] for config in space.grid(3)]
        [0.01, 0.1, 1.0]
        """
        return self._combined({path: self.levels(path, per_range) for path in self.factors})

    @cached_property
    def size(self) -> float:
        """Number of configurations; infinite with a range of real numbers.

        In a large space, those that make the same run count apart.
        """
        every: dict[str, Sequence[Any]] = {}
        for path, levels in self.factors.items():
            if not isinstance(levels, Range):
                every[path] = levels
            elif levels.whole:
                every[path] = range(int(levels.low), int(levels.high) + 1)
            else:
                return math.inf
        size = math.prod(map(len, every.values()))
        return len(self._combined(every)) if size <= _COUNTED else size

    def _combined(self, levels: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
        rows = itertools.product(*levels.values())
        configs = [dict(zip(levels, row, strict=True)) for row in rows]
        if self.base is None or len(configs) > _COUNTED:
            return configs
        # Reversed twice: of equal ones the first stays, in its place.
        return list({self.name(config): config for config in reversed(configs)}.values())[::-1]

    def run(self, config: Config) -> Run:
        """Return what a configuration trains in full; its test split is left alone.

        Raises:
            ConfigError: values that do not fit one another.
        """
        assert self.base is not None, "a place in a table is no run"
        run = apply_factors(self.base, config)
        return run if run.fit.test == "never" else run.with_value("fit.test", "never")

    def name(self, config: Config) -> str:
        """Return a text that equal configurations share: the key of their run, if they have one."""
        text = name_of(config)
        if self.base is None:
            return text
        if text not in self._names:
            self._names[text] = self.run(config).key
        return self._names[text]

    def course(self, config: Config) -> str:
        """Return a text that configurations share which differ in how long they train, at most."""
        if self.base is None or not {"fit", "fit.epochs"} & self.factors.keys():
            return self.name(config)
        return self.name({**config, "fit.epochs": 1})

    def epochs(self, config: Config, epochs: int) -> int:
        """Return how long a configuration trains when the base would train `epochs`.

        One whose full training is longer or shorter than the base's trains the same share of it.
        """
        if self.base is None:
            return epochs
        full = self.base.fit.epochs
        own = config["fit"].epochs if "fit" in config else full
        own = int(config.get("fit.epochs", own))
        return epochs if own == full else max(1, round(own * epochs / full))

    def lengths(self) -> tuple[int, int]:
        """Return the epochs of the shortest and of the longest full training."""
        assert self.base is not None, "a place in a table has no length of its own"
        levels = self.factors.get("fit.epochs", ())
        if isinstance(levels, Range):
            return int(levels.low), int(levels.high)
        whole = self.factors.get("fit", ())
        assert not isinstance(whole, Range)
        listed = [*levels] or [fit.epochs for fit in whole] or [self.base.fit.epochs]
        return min(listed), max(listed)

    def up_to(self, epochs: float) -> Space:
        """Return the part of the space whose full trainings are no longer than that."""
        if self.lengths()[1] <= epochs:
            return self
        path = "fit.epochs" if "fit.epochs" in self.factors else "fit"
        levels = self.factors[path]
        kept: tuple[Any, ...] | Range
        if not isinstance(levels, Range):
            kept = tuple(v for v in levels if (v if path == "fit.epochs" else v.epochs) <= epochs)
        elif levels.low < math.floor(epochs):
            kept = levels.replace(high=math.floor(epochs))
        else:
            kept = (int(levels.low),)
        return Space({**self.factors, path: kept}, self.base)

    def corners(self) -> Iterator[dict[str, Any]]:
        """Yield configurations that together hold every listed value and both ends of each range.

        All combinations where they are few, else every two values with one another; of a great
        many values, each with the first ones of the other factors.
        """
        ends = {path: _corners(levels) for path, levels in self.factors.items()}
        counts = [len(values) for values in ends.values()]
        if math.prod(counts) <= _CHECKED:
            for row in itertools.product(*ends.values()):
                yield dict(zip(ends, row, strict=True))
            return
        first = {path: values[0] for path, values in ends.items()}
        for path, values in ends.items():
            for value in values:
                yield {**first, path: value}
        if sum(a * b for a, b in itertools.combinations(counts, 2)) <= 2 * _CHECKED:
            for (one, ones), (other, others) in itertools.combinations(ends.items(), 2):
                for value, second in itertools.product(ones[1:], others[1:]):
                    yield {**first, one: value, other: second}


def _corners(levels: tuple[Any, ...] | Range) -> tuple[Any, ...]:
    # Between its ends a range of real numbers has what no field of whole numbers takes.
    return (levels.at(0), levels.at(0.37), levels.at(1)) if isinstance(levels, Range) else levels


def read_space(factors: Mapping[str, Sequence[Any] | Range], base: Run | None = None) -> Space:
    """Return a space of factors, by dotted paths or, with a base, by short names.

    Raises:
        ConfigError: none, an unknown one, or one without values, or with a value twice.
        GuardError: a factor that would score the test split.
    """
    if not isinstance(factors, Mapping):
        raise ConfigError(f"space: expected a mapping, factor -> values; got {factors!r}")
    if not factors:
        raise ConfigError("space: expected at least one factor; got none")
    read: dict[str, tuple[Any, ...] | Range] = {}
    for name, levels in factors.items():
        path = name if base is None else factor_path(base, name)
        if path in read:
            raise ConfigError(f"space: {path!r} is given twice")
        if path == "fit.test":
            raise GuardError(
                "space: a search never scores the test split, so 'fit.test' is no factor of it; "
                "score the chosen configuration once with score_test()"
            )
        read[path] = levels if isinstance(levels, Range) else _listed(path, levels, base)
    return Space(read, base)


def read_values(values: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Return one value of each factor, by dotted path, as `read_space` reads them.

    Raises:
        ConfigError: no mapping, or an unknown factor.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"start: expected a mapping, factor -> value; got {values!r}")
    base = space.base
    assert base is not None, "places in a table have no short names"
    paths = {factor_path(base, name): _plain(value) for name, value in values.items()}
    return {path: _read(path, value, base) for path, value in paths.items()}


def _listed(path: str, levels: Any, base: Run | None) -> tuple[Any, ...]:
    listed = _plain(levels)
    if not isinstance(listed, tuple) or not listed:
        raise ConfigError(f"space: {path}: expected a Range or a list of values; got {levels!r}")
    if base is not None:
        listed = tuple(_read(path, level, base) for level in listed)
    distinct: list[Any] = []
    for level in listed:
        if level in distinct:
            raise ConfigError(
                f"space: {path}: expected each value once; got {level!r} twice in {levels!r}"
            )
        distinct.append(level)
    return listed


def _read(path: str, level: Any, base: Run) -> Any:
    """Return a value as the field has it, where a search must know what is in it."""
    if path == "fit":
        return base.with_value(path, level).fit.replace(test="never")
    if path == "fit.epochs" or isinstance(level, Mapping):
        return base.with_value(path, level).value(path)
    return level


def _plain(value: Any) -> Any:
    """Arrays and lists as tuples, numbers as Python's own."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple | range):
        return tuple(map(_plain, value))
    return value


def name_of(config: Config) -> str:
    """Return a text that configurations of the same values share."""
    return ";".join(f"{path}={config[path]!r}" for path in sorted(config))
