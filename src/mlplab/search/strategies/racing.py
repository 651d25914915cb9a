"""Seed-aware halving: a configuration is dropped only when paired evidence over seeds says so."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mlplab.search.space import Config, Space
from mlplab.search.strategies.base import Steps
from mlplab.search.strategies.random import draw_new, unknown
from mlplab.search.trial import Proposal, Terms
from mlplab.stats.quantiles import t_two_sided
from mlplab.stats.sequential import SPLIT

LEVEL = 0.05
"""Bound on the probability that the best configuration is ever dropped."""

# Two are the fewest with a spread; doubling, as there are four shares of the level.
RUNGS = (2, 4, 8, 16)
"""Seeds in all at each rung."""


def racing(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Give every configuration a few seeds, drop what is shown to be worse, and double the seeds.

    At each rung a configuration is dropped if the leader's paired advantage over it is above 0 by
    a one-sided t test at level a_r / (k - 1), k configurations at the start, with the level 0.05
    shared among the rungs as among declared looks. The best one is therefore dropped with a
    probability of at most 5 %, if differences are normal. Configurations with a failed run are
    dropped. The race ends with one left, the last rung, or the budget.
    """
    first = terms.seeds[0]
    pay = terms.sure_budget // (terms.epochs * RUNGS[0])
    small = space.size <= pay
    alive: list[Config] = []
    if small:
        alive += unknown(space.grid(terms.per_range), space, set())
    else:
        alive += draw_new(space, rng, _field(pay), set())
    n_start = len(alive)
    scores: dict[str, list[float]] = {space.name(config): [] for config in alive}
    known = 0
    for n_seeds, share in zip(RUNGS, SPLIT, strict=True):
        seeds = tuple(range(first + known, first + n_seeds))
        trials = yield [Proposal(config, terms.epochs, seeds) for config in alive]
        known = n_seeds
        for trial in trials:
            scores[space.name(trial.config)] += trial.scores
        table = [np.array(scores[space.name(config)]) for config in alive]
        alive = _survivors(alive, table, LEVEL * share / max(1, n_start - 1))
        # A budget that ends within the next rung shall have paid the better ones.
        alive.sort(key=lambda config: -float(np.mean(scores[space.name(config)])))
        if len(alive) < 2:
            return


def _field(n_affordable: int) -> int:
    """Half of what a first rung could pay: the rest is for the seeds of those that stay."""
    return max(2, n_affordable // 2)


def _survivors(alive: Sequence[Config], table: Sequence[np.ndarray], level: float) -> list[Config]:
    sound = [
        (c, scores) for c, scores in zip(alive, table, strict=True) if np.isfinite(scores).all()
    ]
    if not sound:
        return []
    leader, ahead = max(sound, key=lambda pair: float(pair[1].mean()))
    return [c for c, scores in sound if c is leader or not _is_worse(ahead - scores, level)]


def _is_worse(advantage: np.ndarray, level: float) -> bool:
    """Whether the mean of the leader's paired advantages is above 0, one-sided."""
    n = len(advantage)
    spread = float(advantage.std(ddof=1))
    # Scores on a grid may agree exactly on few seeds: t would be 0/0 or infinite.
    if spread == 0.0:
        return float(advantage[0]) > 0
    t = float(advantage.mean()) * math.sqrt(n) / spread
    return t > 0 and float(t_two_sided(t, n - 1)) / 2 < level
