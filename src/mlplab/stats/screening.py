"""Screening designs: many factors of two levels in few runs, and their main effects."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.stats.interval import ALPHA, alpha_per_claim, bounds, finite_numbers
from mlplab.stats.quantiles import FloatArray


def two_level_fraction(n_basic: int, products: Sequence[Sequence[int]] = ()) -> NDArray[np.int64]:
    """Return the levels, -1 or 1, of a two-level factorial: (2^n_basic runs, factors).

    Args:
        n_basic: factors that take every combination.
        products: the basic factors, by place, whose product is each further factor's level. Of
            products of three no main effect is confounded with an interaction of two.

    Raises:
        ConfigError: a place that is not a basic factor's, or a product that repeats a column.

    Source: Box and Hunter (1961), The 2^(k-p) fractional factorial designs, Technometrics 3.

    >>> two_level_fraction(2, [(0, 1)]).tolist()
    [[-1, -1, 1], [-1, 1, -1], [1, -1, -1], [1, 1, 1]]
    """
    basic = np.array(list(itertools.product((-1, 1), repeat=n_basic)), dtype=np.int64)
    columns = list(basic.T)
    for places in products:
        if not set(places) <= set(range(n_basic)):
            raise ConfigError(f"products: expected places 0 to {n_basic - 1}; got {tuple(places)}")
        column = basic[:, list(places)].prod(axis=1)
        if any(np.array_equal(column, known) for known in columns):
            raise ConfigError(f"products: expected a new column; got {tuple(places)}")
        columns.append(column)
    return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False, slots=True)
class Screening:
    """Main effects of a screening design's factors: mean at the high level less that at the low.

    Attributes:
        effect: of each factor, (K,).
        low, high: the bounds of its interval.
        std: standard deviation of one run, by what main effects leave over.
        df: degrees of freedom of `std`.
        level: of each interval, after sharing.
    """

    effect: FloatArray
    low: FloatArray
    high: FloatArray
    std: float
    df: int
    level: float


def screen(values: ArrayLike, levels: ArrayLike, *, alpha: float = ALPHA) -> Screening:
    """Estimate main effects from one run per row of an orthogonal two-level design.

    What the main effects leave over is taken for noise: `effect +- t(1 - a/2, df) 2 s / sqrt(n)`,
    `df = n - 1 - K`, `a = alpha / K`, so that the largest may be picked out after looking.

    Assumes: noise is alike in all runs. Interactions count as noise, which makes intervals longer.
    Does not license: a verdict on a factor's level alone, at levels that were not run, or where
    the design confounds its effect with an interaction (see `two_level_fraction`).

    Args:
        values: one number per run, (n,), finite.
        levels: -1 or 1, (n, K); every two columns are orthogonal, and each adds up to 0.
        alpha: probability that any of the intervals misses its effect.

    Raises:
        ConfigError: no such design, or one that leaves no run for the noise.
        DataError: a number is not finite.

    Source: Box, Hunter and Hunter, Statistics for Experimenters, chapter 6.

    >>> found = screen([1, 2, 3, 4.2], two_level_fraction(2))
    >>> found.effect.round(2).tolist(), found.df
    ([2.1, 1.1], 1)
    """
    y = finite_numbers(values)
    x = np.asarray(levels)
    n, k = len(y), x.shape[-1]
    fits = x.shape == (n, k) and (np.abs(x) == 1).all() and not x.sum(axis=0).any()
    if not fits or not np.array_equal(x.T @ x, n * np.eye(k)):
        raise ConfigError(
            f"levels: expected orthogonal columns ({n}, K) of -1 and 1 that add up to 0; "
            f"got shape {x.shape}"
        )
    df = n - 1 - k
    if df < 1:
        raise ConfigError(f"levels: expected more runs than factors by 2; got {n} and {k}")
    centred = y - y.mean()
    half = x.T @ centred / n
    left = centred - x @ half
    std = float(np.sqrt(left @ left / df))
    a = alpha_per_claim(k, alpha)
    # The difference of two means of n / 2 has the spread of one number of 2 s over root n; the
    # bounds of a mean over df + 1 numbers have the same t.
    low, high, _ = bounds(2 * half, 2 * std * np.sqrt((df + 1) / n), df + 1, a)
    return Screening(np.asarray(2 * half), low, high, std, df, 1.0 - a)
