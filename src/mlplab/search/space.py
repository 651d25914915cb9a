"""What is searched: factors with listed values or ranges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from mlplab.errors import ConfigError
from mlplab.specs import Spec

Config = Mapping[str, Any]
"""Values of factors, by dotted path."""


class Range(Spec):
    """Numbers from `low` to `high`, drawn uniformly or, with `log`, uniformly in the logarithm.

    >>> Range(low=0.001, high=1, log=True).at(0.5)
    0.03162277660168379
    >>> Range(low=16, high=512, log=True, whole=True).at(0.5)
    91
    """

    low: float
    high: float
    log: bool = Field(False, description="Whether the logarithm is uniform.")
    whole: bool = Field(False, description="Whether values are whole numbers.")

    @model_validator(mode="after")
    def _sound(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"range: expected low < high; got {self.low:g} to {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"range: a logarithm needs low > 0; got {self.low:g}")
        return self

    def at(self, share: float) -> float | int:
        """Return the value below which a share (0 to 1) of all draws lies."""
        if self.log:
            value = float(self.low * math.pow(self.high / self.low, share))
        else:
            value = self.low + share * (self.high - self.low)
        value = min(max(value, self.low), self.high)
        return round(value) if self.whole else value

    def steps(self, n: int) -> tuple[float | int, ...]:
        """Return n values at equal distances, ends included; whole numbers each once."""
        shares = [0.5] if n == 1 else [i / (n - 1) for i in range(n)]
        return tuple(dict.fromkeys(self.at(share) for share in shares))


@dataclass(frozen=True)
class Space:
    """Factors by dotted path, each with its values or a `Range`, in the order they were given."""

    factors: Mapping[str, tuple[Any, ...] | Range]

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

        >>> space = Space({"optim.lr": Range(low=0.01, high=1, log=True), "net.norm": ("none",)})
        >>> [config["optim.lr"] for config in space.grid(3)]
        [0.01, 0.1, 1.0]
        """
        rows = [self.levels(path, per_range) for path in self.factors]
        return [dict(zip(self.factors, row, strict=True)) for row in itertools.product(*rows)]

    @property
    def size(self) -> float:
        """Number of configurations; infinite with a range of real numbers."""
        size = 1.0
        for levels in self.factors.values():
            if not isinstance(levels, Range):
                size *= len(levels)
            elif levels.whole:
                size *= levels.high - levels.low + 1
            else:
                return math.inf
        return size


def read_space(factors: Mapping[str, Sequence[Any] | Range]) -> Space:
    """Return a space of factors that are known by their dotted paths.

    Raises:
        ConfigError: none, or one without values, or with a value twice.
    """
    if not factors:
        raise ConfigError("space: expected at least one factor; got none")
    made: dict[str, tuple[Any, ...] | Range] = {}
    for path, levels in factors.items():
        if isinstance(levels, Range):
            made[path] = levels
            continue
        if isinstance(levels, str) or not isinstance(levels, Sequence) or not levels:
            raise ConfigError(
                f"space: {path}: expected a Range or a list of values; got {levels!r}"
            )
        listed = tuple(tuple(v) if isinstance(v, list) else v for v in levels)
        if len({repr(value) for value in listed}) < len(listed):
            raise ConfigError(f"space: {path}: expected each value once; got {list(levels)!r}")
        made[path] = listed
    return Space(made)


def name_of(config: Config) -> str:
    """Return a text that equal configurations share."""
    return ";".join(f"{path}={config[path]!r}" for path in sorted(config))
