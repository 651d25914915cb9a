"""Sample sizes: how many seeds would decide an open claim with 80 % power."""

from __future__ import annotations

import math

from mlplab.errors import ConfigError
from mlplab.stats.interval import ALPHA
from mlplab.stats.quantiles import chi2_lower, t_upper

# At 12 claims t is 7.9 with 4 seeds, 5.9 with 5 and 4.2 with 8: fewer decide next to nothing.
MIN_SEEDS = 5
Z_POWER = 0.84  # the normal quantile of a power of 80 %
MAX_SEEDS = 1_000_000


def seeds_needed(
    mean: float,
    std: float,
    n_seeds: int,
    matters: float,
    *,
    same: bool = False,
    a: float = ALPHA,
    shared: float = 0.0,
    extra_variance: float = 0.0,
) -> int | None:
    """Least number of seeds that would decide with a chance of about 80 %.

    Least n with `(t(1 - a/2, n - 1) + 0.84) s_up / sqrt(n) <= target`, where
    `s_up = s sqrt((n_seeds - 1) / chi2(0.2, n_seeds - 1))` is an 80 % upper bound of the standard
    deviation. Either 0 or the margin must leave the interval: `target = max(|mean|, d - |mean|)`.
    A claim "same" is decided by the margin alone: `target = |d - |mean||`.

    Assumes: the estimate so far is about right, which an undecided claim promises least of all.
    Does not license: stopping as soon as it "works"; seeds are declared, or looked at by
    `walk_looks`.

    Args:
        mean, std, n_seeds: what the seeds so far say; at least two of them.
        matters: d.
        same: whether the claim is "same".
        a: error probability of the claim's interval.
        shared, extra_variance: as in `Interval`; they may keep any n from being enough.

    Returns:
        The number of seeds in all, or None if none up to a million is enough.

    >>> seeds_needed(0.002, 0.004, 8, 0.005)
    28
    """
    if n_seeds < 2:
        raise ConfigError(f"n_seeds: expected at least 2 to judge the spread; got {n_seeds}")
    size = abs(mean)
    target = abs(matters - size) if same else max(size, matters - size)
    # An upper bound: few seeds often show too small a spread, and would name too few.
    upper_std = std * math.sqrt((n_seeds - 1) / chi2_lower(0.2, n_seeds - 1))

    def enough(n: int) -> bool:
        se = math.sqrt(upper_std**2 * (1.0 / n + shared) + extra_variance)
        return (t_upper(a / 2.0, n - 1) + Z_POWER) * se <= target

    low, high = MIN_SEEDS - 1, MIN_SEEDS
    # Doubling, then halving: t's quantile itself depends on n, so there is no formula to solve.
    while not enough(high):
        if high >= MAX_SEEDS:
            return None
        low, high = high, min(2 * high, MAX_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
