"""Functional analysis of variance of a full grid: what each factor does, alone and with others."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError, DataError
from mlplab.hints import expected
from mlplab.stats.quantiles import FloatArray

Factors = tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Anova:
    """A grid of numbers as a sum of effects, one for every set of factors.

    Attributes:
        names: of the factors, in the order of the axes.
        sizes: levels of each.
        mean: over the grid.
        variances: set of factors -> mean square of its effect over the grid; they add up to
            `total`. Sets are tuples in the order of the axes, the smaller ones first.
        total: variance over the grid, each cell with the same weight.
    """

    names: Factors
    sizes: tuple[int, ...]
    mean: float
    variances: Mapping[Factors, float]
    total: float

    @property
    def shares(self) -> dict[Factors, float]:
        """Each set's part of the total; all 0 where nothing varies."""
        whole = self.total or 1.0
        return {factors: variance / whole for factors, variance in self.variances.items()}

    def order(self, n_factors: int) -> float:
        """Return the share of all sets of so many factors: 1 for main effects, 2 for pairs."""
        return sum(share for factors, share in self.shares.items() if len(factors) == n_factors)


def functional_anova(values: ArrayLike, names: Sequence[str]) -> Anova:
    """Split the variance of a full grid exactly into main effects and interactions.

    With the mean over the axes outside U written `m_U`, the effect of a set U of factors is
    `f_U = sum over V in U of (-1)^(|U| - |V|) m_V`; it has mean 0 along each of its axes, effects
    of different sets are orthogonal, and so their mean squares add up to the variance.

    Assumes: a full grid whose levels count alike: other levels, other shares.
    Does not license: a statement about settings between or beyond the levels; nor, where the
    numbers hold noise, shares as they stand (see `without_noise`).

    Args:
        values: (n_1, ..., n_k), finite; one axis per factor.
        names: of the axes.

    Raises:
        ConfigError: names do not fit the axes.
        DataError: a number is not finite.

    Cost: 2^k passes over the grid. Source: Hutter, Hoos and Leyton-Brown (2014), An efficient
    approach for assessing hyperparameter importance; exact here, where theirs fits a forest.

    >>> found = functional_anova([[0.0, 1.0], [2.0, 3.0]], ["a", "b"])
    >>> {"*".join(factors): share for factors, share in found.shares.items()}
    {'a': 0.8, 'b': 0.2, 'a*b': 0.0}
    """
    grid = np.asarray(values, dtype=np.float64)
    if grid.ndim != len(names) or not names or len(set(names)) < len(names):
        raise ConfigError(
            f"names: expected one for each of {grid.ndim} axes, each once; got {list(names)}"
        )
    if not grid.size or not np.isfinite(grid).all():
        bad = int(np.count_nonzero(~np.isfinite(grid)))
        raise DataError(f"values: expected finite numbers; {bad} of {grid.size} are not")
    mean = float(grid.mean())
    effects: dict[tuple[int, ...], FloatArray] = {}
    variances: dict[Factors, float] = {}
    # Taken from the centred grid, so that small effects keep their digits.
    centred = grid - mean
    for size in range(1, grid.ndim + 1):
        for axes in itertools.combinations(range(grid.ndim), size):
            outside = tuple(axis for axis in range(grid.ndim) if axis not in axes)
            effect = centred.mean(axis=outside, keepdims=True)
            # Smaller sets come first, so their effects are known.
            for part, smaller in effects.items():
                if set(part) < set(axes):
                    effect = effect - smaller
            effects[axes] = effect
            variances[tuple(names[axis] for axis in axes)] = float(np.mean(effect**2))
    return Anova(tuple(names), grid.shape, mean, variances, float(np.mean(centred**2)))


def without_noise(found: Anova, replicate: str) -> Anova:
    """Estimate the variances of the other factors had each cell been replicated for ever.

    One factor counts replicates, such as seeds. What it shares with a set U of the others is that
    set's noise: `V_U - V_(U, replicate) / (n - 1)` has the wanted value on average, with n
    replicates; estimates below 0 become 0. The replicate's own main effect, a shift that all
    cells share, is left out.

    Assumes: replicates are exchangeable; they may be paired, so that cells of one replicate share
    part of their noise.
    Does not license: "this set has no effect" from an estimate of 0.

    Raises:
        ConfigError: no such factor, or fewer than two replicates.

    >>> noisy = functional_anova([[0.0, 0.2], [1.0, 0.8]], ["rate", "seed"])
    >>> round(without_noise(noisy, "seed").variances[("rate",)], 4)
    0.15
    """
    if replicate not in found.names:
        raise ConfigError(f"replicate: {expected(replicate, found.names)}")
    place = found.names.index(replicate)
    n = found.sizes[place]
    if n < 2:
        raise ConfigError(f"replicate: expected at least 2 levels of {replicate!r}; got {n}")
    variances = {}
    for factors, variance in found.variances.items():
        if replicate in factors:
            continue
        both = tuple(name for name in found.names if name in (*factors, replicate))
        variances[factors] = max(0.0, variance - found.variances[both] / (n - 1))
    names = tuple(name for name in found.names if name != replicate)
    sizes = tuple(size for axis, size in enumerate(found.sizes) if axis != place)
    return Anova(names, sizes, found.mean, variances, sum(variances.values()))
