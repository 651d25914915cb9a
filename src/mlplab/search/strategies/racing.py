"""Seed-aware halving: a configuration is dropped only when paired evidence over seeds says so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.search.space import Config, Space, name_of
from mlplab.search.strategies.base import Steps
from mlplab.search.strategies.random import draw_new
from mlplab.search.trial import Proposal, Terms
from mlplab.stats.quantiles import t_two_sided
from mlplab.stats.sequential import SPLIT

LEVEL = 0.05
"""Bound on the probability that the best configuration is ever dropped."""

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
    pay = terms.budget // (terms.epochs * RUNGS[0])
    small = space.size <= pay
    alive: list[Config] = []
    alive += space.grid(terms.per_range) if small else draw_new(space, rng, _field(pay), set())
    n_start = len(alive)
    scores: dict[str, list[float]] = {name_of(config): [] for config in alive}
    known = 0
    for n_seeds, share in zip(RUNGS, SPLIT, strict=True):
        seeds = tuple(range(first + known, first + n_seeds))
        trials = yield [Proposal(config, terms.epochs, seeds) for config in alive]
        known = n_seeds
        for trial in trials:
            scores[name_of(trial.config)] += trial.scores
        alive = _survivors(alive, scores, LEVEL * share / max(1, n_start - 1))
        # A budget that ends within the next rung shall have paid the better ones.
        alive.sort(key=lambda config: -float(np.mean(scores[name_of(config)])))
        if len(alive) < 2:
            return


def _field(n_affordable: int) -> int:
    """Half of what a first rung could pay: the rest is for the seeds of those that stay."""
    return max(2, n_affordable // 2)


def _survivors(
    alive: Sequence[Config], scores: Mapping[str, list[float]], level: float
) -> list[Config]:
    table = {name_of(config): np.array(scores[name_of(config)]) for config in alive}
    sound = [config for config in alive if np.isfinite(table[name_of(config)]).all()]
    if not sound:
        return []
    leader = max(sound, key=lambda config: float(table[name_of(config)].mean()))
    ahead = table[name_of(leader)]
    return [c for c in sound if c is leader or not _is_worse(ahead - table[name_of(c)], level)]


def _is_worse(advantage: np.ndarray, level: float) -> bool:
    """Whether the mean of the leader's paired advantages is above 0, one-sided."""
    n = len(advantage)
    spread = float(advantage.std(ddof=1))
    if spread == 0.0:
        return float(advantage[0]) > 0
    t = float(advantage.mean()) * math.sqrt(n) / spread
    return t > 0 and float(t_two_sided(t, n - 1)) / 2 < level
