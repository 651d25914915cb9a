"""Effects of the factors of a full grid, with intervals from paired seeds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.stats.decision import WORDS, classify
from mlplab.stats.interval import ALPHA, Interval, finite_numbers, mean_interval
from mlplab.stats.power import MIN_SEEDS
from mlplab.stats.quantiles import FloatArray

# Two-by-two contrasts grow with the square of both factors' levels.
MAX_CONTRASTS = 100_000

EffectWord = Literal["supported", "equivalent", "undecided", "none"]


@dataclass(frozen=True, eq=False, slots=True)
class Contrasts:
    """Contrasts of one factor, or of two.

    Attributes:
        levels: places of the levels that each one compares: (i,) for the deviation of level i,
            (i, j) for level i less level j, (i, j, k, l) for the step from j to i of the first
            factor at level k of the second, less the same step at level l.
        interval: of each one, in the same order.
    """

    levels: tuple[tuple[int, ...], ...]
    interval: Interval

    @property
    def largest(self) -> int:
        """Place of the contrast whose mean is furthest from 0."""
        return int(np.argmax(np.abs(self.interval.mean)))

    def decide(self, matters: float) -> EffectWord:
        """Say whether any of the contrasts is there.

        "equivalent" if all intervals lie between -d and d; else "supported" if one of them leaves
        out 0 and is not between -d and d; else "undecided"; "none" under five seeds.

        Args:
            matters: d, the smallest difference that matters, in the unit of the numbers.
        """
        rows = classify(self.interval.low, self.interval.high, matters)
        if self.interval.n_seeds < MIN_SEEDS:
            return "none"
        words = {WORDS[row][0] for row in rows.tolist()}
        if words == {"equivalent"}:
            return "equivalent"
        return "supported" if words & {"supported", "refuted"} else "undecided"


@dataclass(frozen=True, eq=False, slots=True)
class FactorialEffects:
    """The effects of a grid's factors, alone and two by two.

    Attributes:
        names: of the factors, in the order of the axes.
        sizes: levels of each.
        mean: over the grid and seeds.
        deviations: factor -> each level's mean less the grand mean; they add up to 0.
        differences: factor -> each level's mean less that of each level before it.
        interactions: two factors -> every two-by-two contrast; all are 0 if they are additive.
        n_intervals: intervals among which the level is shared; mirror images count once.
        n_seeds: copies of the grid.
        level: of each interval.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    mean: float
    deviations: Mapping[str, Contrasts]
    differences: Mapping[str, Contrasts]
    interactions: Mapping[tuple[str, str], Contrasts]
    n_intervals: int
    n_seeds: int
    level: float


def factorial_effects(
    values: ArrayLike,
    names: Sequence[str],
    *,
    alpha: float = ALPHA,
    n_test: int | None = None,
) -> FactorialEffects:
    """Estimate main effects and two-factor interactions of a full grid that every seed ran.

    Each seed is a block with one copy of the grid, so that every effect is a contrast computed
    seed by seed, and its interval is that of `mean_interval` over seeds: no variance is pooled,
    and cells may differ in noise. With bars for means over all other factors: the main effect of
    level i is `y_i - y`; levels differ by `y_i - y_j`; factors interact by
    `(y_ik - y_jk) - (y_il - y_jl)`. The level is shared among all of them (Bonferroni), so that
    the largest may be picked out after looking. A factor of two levels has one effect, and two
    such factors one interaction; the mirror images cost nothing.

    Assumes: factors fixed in advance, seeds independent, contrasts roughly symmetric over seeds.
    Does not license: levels between or beyond those that were run; a main effect as "the" effect
    where its factor interacts: it is then the mean over the other factors' levels of this grid.

    Args:
        values: (n_1, ..., n_k, S), finite: an axis per factor, with two levels or more, and the
            seeds last.
        names: of the factors.
        alpha: probability that any interval misses what it is about.
        n_test: as in `mean_interval`.

    Raises:
        ConfigError: names do not fit the axes, a factor of one level, or a grid with more than
            100,000 contrasts.
        DataError: a number is not finite.

    Cost: one pass over the grid per set of one or two factors; S numbers per contrast.
    Source: Montgomery, Design and Analysis of Experiments, chapters 4 (blocks) and 5 (factorial
    designs).

    >>> grid = [[[0.0, 0.1], [1.0, 1.2]], [[2.0, 2.1], [3.0, 3.2]]]
    >>> found = factorial_effects(grid, ["a", "b"])
    >>> [round(float(c.interval.mean[0]), 9) for c in found.differences.values()]
    [2.0, 1.05]
    >>> abs(round(float(found.interactions["a", "b"].interval.mean[0]), 9))
    0.0
    """
    grid = finite_numbers(values)
    sizes = grid.shape[:-1]
    if len(sizes) != len(names) or not names or len(set(names)) < len(names):
        raise ConfigError(
            f"names: expected one for each of {len(sizes)} factors, each once; got {list(names)}"
        )
    if min(sizes) < 2:
        raise ConfigError(f"values: expected at least two levels of each factor; got {sizes}")
    pairs = {name: _pairs(size) for name, size in zip(names, sizes, strict=True)}
    two_factors = list(itertools.combinations(names, 2))
    n_contrasts = sum(len(pairs[a]) * len(pairs[b]) for a, b in two_factors)
    if n_contrasts > MAX_CONTRASTS:
        raise ConfigError(
            f"values: expected a grid of at most {MAX_CONTRASTS:,} two-by-two contrasts; "
            f"got {n_contrasts:,} from {' x '.join(map(str, sizes))} levels"
        )
    of_one = sum(1 if size == 2 else size + math.comb(size, 2) for size in sizes)
    n_intervals = of_one + n_contrasts
    # From the centred grid, so that small effects keep their digits.
    centred = grid - grid.mean(axis=tuple(range(len(sizes))))

    def contrasts(levels: list[tuple[int, ...]], numbers: FloatArray) -> Contrasts:
        interval = mean_interval(numbers, claims=n_intervals, alpha=alpha, n_test=n_test)
        return Contrasts(tuple(levels), interval)

    means = {name: _margin(centred, [axis]) for axis, name in enumerate(names)}
    deviations = {
        name: contrasts([(level,) for level in range(len(mean))], mean)
        for name, mean in means.items()
    }
    differences = {
        name: contrasts(pairs[name], np.array([mean[i] - mean[j] for i, j in pairs[name]]))
        for name, mean in means.items()
    }
    interactions = {}
    for a, b in two_factors:
        cells = _margin(centred, [names.index(a), names.index(b)])
        steps = np.array([cells[i] - cells[j] for i, j in pairs[a]])
        twos = np.stack([steps[:, k] - steps[:, m] for k, m in pairs[b]], axis=1)
        levels = [(*one, *other) for one in pairs[a] for other in pairs[b]]
        interactions[a, b] = contrasts(levels, twos.reshape(len(levels), -1))
    return FactorialEffects(
        names=tuple(names),
        sizes=sizes,
        mean=float(grid.mean()),
        deviations=deviations,
        differences=differences,
        interactions=interactions,
        n_intervals=n_intervals,
        n_seeds=grid.shape[-1],
        level=1.0 - alpha / n_intervals,
    )


def _pairs(size: int) -> list[tuple[int, ...]]:
    """Every two levels, the later one first."""
    return [(i, j) for j, i in itertools.combinations(range(size), 2)]


def _margin(grid: FloatArray, axes: Sequence[int]) -> FloatArray:
    """Means over all factors but these, seeds last."""
    return np.asarray(grid.mean(axis=tuple(a for a in range(grid.ndim - 1) if a not in axes)))
