"""The one interval that decides and is shown: a t interval, its level shared among the claims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError, DataError
from mlplab.stats.quantiles import FloatArray, t_two_sided, t_upper

# Of a false verdict among all claims declared together, whatever their number.
ALPHA = 0.05


@dataclass(frozen=True, eq=False, slots=True)
class Interval:
    """Intervals of one or many claims; every array has one entry per claim (0-d for one claim).

    Attributes:
        mean: estimate of theta, the mean over fresh seeds.
        std: standard deviation over seeds, after the floor of the accuracy grid.
        se: standard error of `mean`.
        low, high: the bounds.
        p: two-sided p of "theta = 0", multiplied by the number of claims, at most 1.
        n_seeds: numbers per claim.
        level: confidence level of each interval, 1 - a.
        shared: part of the variance that more numbers do not shrink (overlapping folds).
        extra_variance: what new examples add to the variance of `mean` (`new_examples_interval`).
    """

    mean: FloatArray
    std: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    n_seeds: int
    level: float
    shared: float = 0.0
    extra_variance: float = 0.0

    def __getitem__(self, row: int) -> Interval:
        """The interval of one claim out of many."""
        parts = (self.mean, self.std, self.se, self.low, self.high, self.p)
        mean, std, se, low, high, p = (np.asarray(part[row]) for part in parts)
        return Interval(
            mean, std, se, low, high, p, self.n_seeds, self.level, self.shared, self.extra_variance
        )


def mean_interval(
    y: ArrayLike,
    *,
    claims: int = 1,
    alpha: float = ALPHA,
    spend: float = 1.0,
    n_test: int | None = None,
    shared: float = 0.0,
) -> Interval:
    """Interval of the mean over seeds, for one claim or for every row of claims.

    `mean +- t(1 - a/2, n - 1) * s sqrt(1/n + shared)` with `a = alpha * spend / claims`; and
    `p = min(1, p_t * claims / spend)`, so that 0 lies outside exactly if `p < alpha`. All
    `claims` intervals hold together with probability `1 - alpha`.

    Assumes: numbers of different seeds are independent, and roughly symmetric; with strong skew
    and few seeds the interval is too short on one side (docs/verdict-simulation.md has the rates).
    Does not license: a statement on new examples (`new_examples_interval`), other data or settings
    that were not run.

    Args:
        y: one number per seed, (n,); or one row per claim, (M, n). Everything finite.
        claims: claims declared together, each part of a chain counted; not inferred from `y`.
        alpha: probability that any of the declared claims is reported falsely.
        spend: share of `alpha` given to this look at the data (see `walk_looks`).
        n_test: test examples, if `y` comes from accuracies: s is then at least
            `1 / (n_test * sqrt(12))`, the spread that rounding to the grid alone produces.
        shared: see `cross_validated_interval`.

    Raises:
        DataError: a number is missing or not finite (failed runs go to `decide_arms`).
        ConfigError: a setting out of range.

    >>> interval = mean_interval([0.9, 1.1, 1.0, 1.2, 0.8])
    >>> [round(float(bound), 4) for bound in (interval.low, interval.high)]
    [0.8037, 1.1963]
    """
    values = finite_numbers(y)
    a = alpha_per_claim(claims, alpha, spend)
    n = values.shape[-1]
    mean = values.mean(axis=-1) if n else np.full(values.shape[:-1], np.nan)
    std = values.std(axis=-1, ddof=1) if n > 1 else np.full(values.shape[:-1], np.inf)
    # Seeds that agree to the last example would prove any difference.
    std = np.maximum(std, grid_floor(n_test))
    low, high, se = bounds(mean, std, n, a, shared=shared)
    with np.errstate(divide="ignore", invalid="ignore"):
        # 0/0 where nothing varies: a mean of 0 is no evidence.
        t = np.where(mean == 0, 0.0, mean / se)
    p = t_two_sided(t, n - 1) if n > 1 else np.ones_like(mean)
    adjusted = np.minimum(1.0, p * (claims / spend))
    centre, spread = np.asarray(mean), np.asarray(std)
    return Interval(centre, spread, se, low, high, adjusted, n, 1.0 - a, shared)


def bounds(
    mean: ArrayLike,
    std: ArrayLike,
    n_seeds: int,
    a: float,
    *,
    shared: float = 0.0,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bounds and standard error from means and standard deviations, elementwise.

    `mean -+ t(1 - a/2, n - 1) * se`, `se = std sqrt(1/n + shared)`; with fewer than two seeds
    nothing is known and the bounds are infinite.

    >>> low, high, se = bounds(1.0, 0.5, 4, 0.05)
    >>> float(se), round(float(low), 4)
    (0.25, 0.2044)
    """
    centre, spread = np.asarray(mean, dtype=np.float64), np.asarray(std, dtype=np.float64)
    if n_seeds < 2:
        endless = np.full(centre.shape, np.inf)
        return -endless, endless, endless
    se = np.sqrt(spread**2 * (1.0 / n_seeds + shared))
    half = t_upper(a / 2.0, n_seeds - 1) * se
    return centre - half, centre + half, se


def alpha_per_claim(claims: int, alpha: float = ALPHA, spend: float = 1.0) -> float:
    """Error probability of one interval: `alpha * spend / claims` (Bonferroni).

    >>> alpha_per_claim(5)
    0.01
    """
    if claims < 1:
        raise ConfigError(f"claims: expected at least 1; got {claims}")
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha: expected a number between 0 and 1; got {alpha}")
    if not 0.0 < spend <= 1.0:
        raise ConfigError(f"spend: expected a share of alpha above 0 and at most 1; got {spend}")
    return alpha * spend / claims


def grid_floor(n_test: int | None) -> float:
    """Least standard deviation an accuracy over `n_test` examples can honestly have.

    `1 / (n_test sqrt(12))`, that of a number uniform between two grid points; 0 without a grid.

    >>> round(grid_floor(10_000), 8)
    2.887e-05
    """
    if n_test is None:
        return 0.0
    if n_test < 1:
        raise ConfigError(f"n_test: expected at least 1; got {n_test}")
    return 1.0 / (n_test * float(np.sqrt(12.0)))


def finite_numbers(y: ArrayLike) -> FloatArray:
    """`y` as float64 with the seeds in its last axis; refuses what is not finite."""
    values = np.asarray(y, dtype=np.float64)
    if values.ndim == 0:
        raise DataError(f"y: expected one number per seed; got the single number {values}")
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise DataError(
            f"y: expected finite numbers; {bad} of {values.size} are not "
            "(mark failed runs and use decide_arms)"
        )
    return values
