"""The simulation on stored real differences with random signs: real tails, known theta."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike

from mlplab.bench.verdict_errors import (
    CLAIMS,
    SEEDS,
    SPREADS,
    THETAS,
    Cell,
    Sampler,
    simulate_verdicts,
)
from mlplab.errors import ConfigError
from mlplab.stats.decision import Expect
from mlplab.stats.interval import ALPHA, finite_numbers
from mlplab.stats.quantiles import FloatArray, t_upper
from mlplab.stats.sequential import LOOKS, SPLIT


@dataclass(frozen=True, slots=True)
class PooledCell:
    """One setting over all comparisons: pooled counts, and the bound that gates them.

    Attributes:
        cell: families and false families summed over the comparisons.
        low: one-sided lower bound of the mean rate, comparisons being the sample, 99 % for all
            cells jointly; -inf for a single comparison, which shows nothing beyond itself.
    """

    cell: Cell
    low: float

    @property
    def excluded(self) -> bool:
        """Whether the bound excludes a mean rate of 5 % or less."""
        return self.low > ALPHA


def random_signs(differences: ArrayLike) -> Sampler:
    """Sampler of the paired differences of one comparison, with random signs.

    The differences, (N,), are centred (what is left is noise), scaled to root mean square 1, and
    drawn without replacement, each with a random sign: theta is 0, the sizes are the real ones.
    Without centring, a real effect would turn into two-point noise; with replacement, ties would
    make small samples look too regular.

    Does not license: a statement on skew, which random signs remove, or beyond N seeds.

    >>> sampler = random_signs([0.01, 0.03, 0.02, 0.02])
    >>> sampler(np.random.default_rng(0), (5, 2, 3)).shape
    (5, 2, 3)
    """
    noise = finite_numbers(differences)
    if noise.ndim != 1 or noise.size < 2 or not np.ptp(noise):
        raise ConfigError("differences: expected at least two different numbers in one row")
    noise = noise - noise.mean()
    noise = noise / np.sqrt(np.mean(noise**2))

    def sample(rng: np.random.Generator, size: tuple[int, int, int]) -> FloatArray:
        families, claims, seeds = size
        if seeds > noise.size:
            raise ConfigError(f"seeds: expected at most {noise.size} differences; got {seeds}")
        everything = np.broadcast_to(noise, (families, claims, noise.size))
        drawn = rng.permuted(everything, axis=-1)[..., :seeds]
        return np.asarray(drawn * (rng.integers(0, 2, size) * 2 - 1))

    return sample


def simulate_real(
    differences: ArrayLike,
    rng: np.random.Generator,
    *,
    families: int,
    expects: Sequence[Expect] = ("higher", "same"),
    claims: Sequence[int] = CLAIMS,
    thetas: Sequence[float] = THETAS,
    spreads: Sequence[float] = SPREADS,
) -> list[PooledCell]:
    """Error rates of the verdict procedure on the noise of stored comparisons.

    Every comparison is simulated on its own (`random_signs`), with `families` shared out among
    them; a setting is accepted unless the t bound of its mean rate over the comparisons, 99 %
    jointly for all settings, excludes 5 %. Fresh comparisons to check a chance alarm with, as
    the made-up shapes have, do not exist here.

    Assumes: comparisons are typical of those the rule is used on.
    Does not license: a judgement from few comparisons: then the bound excludes hardly anything.

    Args:
        differences: (K, N): K comparisons of N paired differences each, N >= 8.
        rng, families, expects, claims, thetas, spreads: as in `simulate_verdicts`.

    >>> rng = np.random.default_rng(0)
    >>> cells = simulate_real(rng.standard_normal((4, 16)), rng, families=400)
    >>> sum(pooled.excluded for pooled in cells)
    0
    """
    rows = finite_numbers(differences)
    if rows.ndim != 2 or rows.shape[1] < SEEDS[0]:
        raise ConfigError(
            f"differences: expected rows of at least {SEEDS[0]} numbers; got shape {rows.shape}"
        )
    reach = rows.shape[1]
    looks = tuple(n for n in LOOKS if n <= reach)
    cells = [
        (order, cell)
        for row in rows
        for order, cell in enumerate(
            simulate_verdicts(
                rng,
                families=max(1, families // len(rows)),
                shapes={"real differences": random_signs(row)},
                expects=expects,
                seeds=tuple(n for n in SEEDS if n <= reach),
                claims=claims,
                thetas=thetas,
                spreads=spreads,
                looks=looks,
                split=SPLIT[: len(looks)],
            )
        )
    ]
    cells.sort(key=lambda pair: pair[0])
    # Bonferroni over the settings: 99 % jointly.
    tail = 0.01 * len(rows) / len(cells)
    groups = groupby(cells, lambda pair: pair[0])
    return [_pool([cell for _, cell in same], tail) for _, same in groups]


def _pool(cells: Sequence[Cell], tail: float) -> PooledCell:
    rates = np.array([cell.rate for cell in cells])
    total = replace(
        cells[0],
        families=sum(cell.families for cell in cells),
        false_families=sum(cell.false_families for cell in cells),
        undecided=float(np.mean([cell.undecided for cell in cells])),
    )
    if len(cells) < 2:
        return PooledCell(total, -np.inf)
    se = rates.std(ddof=1) / np.sqrt(len(cells))
    return PooledCell(total, float(rates.mean() - t_upper(tail, len(cells) - 1) * se))
