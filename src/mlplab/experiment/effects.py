"""The effects of a full grid's factors on a metric: main effects, and which factors interact."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm, show_value
from mlplab.experiment.declare import read_matters
from mlplab.experiment.metrics import fewest_rows_scored
from mlplab.experiment.results import Results
from mlplab.sheet import Sheet, interval_text, listed
from mlplab.specs.paths import short_names
from mlplab.stats import Contrasts, EffectWord, FactorialEffects, factorial_effects

if TYPE_CHECKING:
    import pandas as pd

_ALONE = {
    "supported": "an effect",
    "equivalent": "no effect that matters",
    "undecided": "undecided",
    "none": "no verdict",
}
_STEPS = ("kind", "factor", "level", "baseline", "other", "other_level", "other_baseline")
_NUMBERS = ("mean", "low", "high", "p")
_TOGETHER = _ALONE | {"supported": "not additive", "equivalent": "additive"}


@dataclass(frozen=True, slots=True)
class Effect:
    """The largest effect of one factor, or the largest interaction of two.

    Attributes:
        factors: one or two dotted paths.
        levels: of each factor, the level and the one it is compared with.
        mean: the difference between the two levels, averaged over the other factors; of two
            factors, the difference between two such differences.
        interval: of the mean, at the level that all of the factors' intervals share.
        verdict: whether there is any effect of this factor, or any interaction of these two:
            supported, equivalent (none that matters), undecided, none.
    """

    factors: tuple[str, ...]
    levels: tuple[tuple[Any, ...], ...]
    mean: float
    interval: tuple[float, float]
    verdict: EffectWord

    @property
    def says(self) -> str:
        """The verdict as it is told: `an effect`, `not additive`, `additive`, ..."""
        return (_ALONE if len(self.factors) == 1 else _TOGETHER)[self.verdict]


@final
@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Effects:
    """What the factors of a full grid do to a metric; made by `Runs.effects`.

    Attributes:
        metric: at the last epoch.
        factors: dotted path -> its levels, in the order of the design.
        matters: the smallest difference that matters.
        seeds: whose copies of the grid are complete; effects are those on these.
        dropped: seeds with a failed run, whose copies are left out whole; with any of them there
            is no verdict.
        found: every contrast with its interval.
        largest: of each factor and each two factors, the largest effect.
    """

    metric: str
    factors: Mapping[str, tuple[Any, ...]]
    matters: float
    seeds: tuple[int, ...]
    dropped: tuple[int, ...]
    found: FactorialEffects = field(repr=False)

    @property
    def largest(self) -> tuple[Effect, ...]:
        """The largest difference of each factor, then the largest contrast of each two."""
        alone = [self._effect((name,), some) for name, some in self.found.differences.items()]
        return (*alone, *(self._effect(two, c) for two, c in self.found.interactions.items()))

    def __repr__(self) -> str:
        names = short_names(self.factors)
        told = [
            f"{' x '.join(names[path] for path in one.factors)}: {one.says} "
            f"({one.mean:+.4g} {interval_text(one.interval)})"
            for one in self.largest
        ]
        dropped = f", {len(self.dropped)} left out" if self.dropped else ""
        return (
            f"Effects({self.metric!r}, {self._sizes} levels, {len(self.seeds)} seeds{dropped}; "
            f"{listed(told, between='; ')})"
        )

    def _repr_html_(self) -> str:
        names = short_names(self.factors)
        rows = [
            (
                " × ".join(names[path] for path in one.factors),
                step_text(one, names),
                one.mean,
                interval_text(one.interval),
                one.says,
            )
            for one in self.largest
        ]
        return Sheet(
            f"Effects of {len(names)} factors on {self.metric}",
            heads=("factors", "largest difference", "effect", "interval", "verdict"),
            rows=rows,
            note=self.note,
        ).html()

    @property
    def note(self) -> str:
        """What the intervals are, and which seeds are left out."""
        found = self.found
        told = (
            f"{self._sizes} levels, {found.n_seeds} seeds; {found.n_intervals} intervals of level "
            f"{100 * found.level:.4g} % share 5 %; d = {self.matters:g}."
        )
        if self.dropped:
            told += (
                f" A run failed on further seeds ({listed(self.dropped)}): their copies of the "
                "grid are left out whole, and there is no verdict."
            )
        return told

    def frame(self) -> pd.DataFrame:
        """Return a tidy frame: one row per contrast, with mean, low, high and p.

        Column `kind`: "deviation" (the mean at `level` less the grand mean), "difference" (`level`
        less `baseline`), "interaction" (that difference at `other_level` of the factor `other`,
        less the same difference at `other_baseline`).
        """
        import pandas as pd

        rows: list[tuple[Any, ...]] = []
        one_factor = {
            "deviation": self.found.deviations,
            "difference": self.found.differences,
        }
        for kind, by_factor in one_factor.items():
            for name, some in by_factor.items():
                for places, numbers in _contrasts(some):
                    level, baseline = (*self._levels(name, places), None)[:2]
                    rows.append((kind, name, level, baseline, None, None, None, *numbers))
        for (a, b), some in self.found.interactions.items():
            for places, numbers in _contrasts(some):
                steps = (a, *self._levels(a, places[:2]), b, *self._levels(b, places[2:]))
                rows.append(("interaction", *steps, *numbers))
        # Levels stay what they are: pandas would make 8 beside a gap 8.0.
        frame = pd.DataFrame(rows, columns=[*_STEPS, *_NUMBERS], dtype=object)
        return frame.astype(dict.fromkeys(_NUMBERS, float))

    def _levels(self, name: str, places: Sequence[int]) -> tuple[Any, ...]:
        return tuple(self.factors[name][place] for place in places)

    @property
    def _sizes(self) -> str:
        return " x ".join(str(len(levels)) for levels in self.factors.values())

    def _effect(self, names: tuple[str, ...], some: Contrasts) -> Effect:
        place, found = some.largest, some.interval
        mean, low, high = (float(part[place]) for part in (found.mean, found.low, found.high))
        levels = some.levels[place]
        compared = [self._levels(name, levels[2 * n : 2 * n + 2]) for n, name in enumerate(names)]
        if mean < 0:
            # Told the way round in which it is a rise.
            mean, low, high = -mean, -high, -low
            compared[0] = compared[0][::-1]
        verdict = "none" if self.dropped else some.decide(self.matters)
        return Effect(names, tuple(compared), mean, (low, high), verdict)


def estimate_effects(results: Results, metric: str, matters: float) -> Effects:
    """Estimate the effects of a full grid's factors; see `Runs.effects`."""
    read_matters(matters)
    factors, places = full_grid(results.arms)
    data = results.table.select(results.arms, metric)
    whole = ~data.failed.any(axis=0)
    seeds = np.array(data.seeds)
    if whole.sum() < 2:
        worst = int(data.failed.sum(axis=1).argmax())
        lost = int(data.failed[worst].sum())
        least = f"; {results.arms[worst].label!r} failed on {lost}: leave it out" if lost else ""
        raise ConfigError(
            f"effects: expected at least 2 seeds on which every arm finished; got "
            f"{int(whole.sum())} of {len(seeds)}{least}"
        )
    sizes = [len(levels) for levels in factors.values()]
    grid = np.empty((*sizes, int(whole.sum())))
    for place, row in zip(places, data.values[:, whole], strict=True):
        grid[place] = row
    runs = [arm.run.replace(seed=data.seeds[0]) for arm in results.arms]
    n_test = fewest_rows_scored(metric, runs, results.experiment.data)
    found = factorial_effects(grid, list(factors), n_test=n_test)
    kept, dropped = seeds[whole].tolist(), seeds[~whole].tolist()
    return Effects(metric, factors, matters, tuple(kept), tuple(dropped), found)


def full_grid(
    arms: Sequence[Arm],
) -> tuple[dict[str, tuple[Any, ...]], list[tuple[int, ...]]]:
    """Return the factors that vary with their levels, and each arm's place in their grid.

    Raises:
        ConfigError: nothing varies, or a combination of levels is not there.
    """
    paths = list(dict.fromkeys(path for arm in arms for path in arm.factors))
    levels = {path: tuple(dict.fromkeys(arm.factors.get(path) for arm in arms)) for path in paths}
    levels = {path: values for path, values in levels.items() if len(values) > 1}
    if not levels:
        raise ConfigError("effects: expected a design that varies a factor; this one varies none")
    places = [
        tuple(values.index(arm.factors.get(path)) for path, values in levels.items())
        for arm in arms
    ]
    wanted, n_there = math.prod(map(len, levels.values())), len(set(places))
    if n_there < wanted or n_there < len(places):
        sizes = " x ".join(f"{len(values)} of {path}" for path, values in levels.items())
        raise ConfigError(
            f"effects: expected a full grid, each combination of {sizes} once; got {n_there} of "
            f"{wanted} in {len(places)} arms; runs.compare() takes any design"
        )
    return levels, places


def step_text(effect: Effect, names: Mapping[str, str]) -> str:
    """Return which levels an effect compares."""
    texts = [
        f"{names[path]} {show_value(level)} - {show_value(baseline)}"
        for path, (level, baseline) in zip(effect.factors, effect.levels, strict=True)
    ]
    return ", ".join(texts)


def _contrasts(some: Contrasts) -> Iterator[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Each contrast's levels, and its mean, low, high and p."""
    found = some.interval
    columns = (part.tolist() for part in (found.mean, found.low, found.high, found.p))
    return zip(some.levels, zip(*columns, strict=True), strict=True)
