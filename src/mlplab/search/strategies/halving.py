"""Successive halving: many configurations for a few epochs, the better ones for longer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.search.space import Config, Space
from mlplab.search.strategies.base import Steps
from mlplab.search.strategies.random import draw_new
from mlplab.search.trial import Proposal, Terms

# Near e, the best in theory; Li et al. (2018) find little between 3 and 4 in practice.
ETA = 3
"""Of eta configurations, one goes on to eta times the epochs."""


def halving(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Run one bracket whose first rung is as wide as the budget allows.

    Source: Jamieson and Talwalkar (2016), arXiv 1502.07943.
    """
    lengths = rung_epochs(terms.epochs)
    n = widest(lengths, terms)
    yield from bracket(draw_new(space, rng, n, set()), lengths, terms)


def bracket(configs: Sequence[Config], lengths: Sequence[int], terms: Terms) -> Steps:
    """Train configurations rung by rung; a third of them, at least one, goes on each time."""
    alive = list(configs)
    for place, epochs in enumerate(lengths):
        if not alive:
            return
        trials = yield [Proposal(config, epochs, terms.seeds) for config in alive]
        if place + 1 < len(lengths):
            ranked = sorted(trials, key=lambda trial: -trial.score)
            alive = [trial.config for trial in ranked[: max(1, len(ranked) // ETA)]]


def rung_epochs(epochs: int) -> list[int]:
    """Return the epochs of the rungs, growing by eta up to a full training.

    >>> rung_epochs(10), rung_epochs(27)
    ([1, 3, 10], [1, 3, 9, 27])
    """
    lengths = [epochs]
    while lengths[0] >= ETA:
        lengths.insert(0, max(1, lengths[0] // ETA))
    return lengths


def bracket_cost(n: int, lengths: Sequence[int], terms: Terms) -> int:
    """Return the run-epochs of a bracket that begins with n configurations."""
    cost, before = 0, 0
    for epochs in lengths:
        cost += n * len(terms.seeds) * (epochs - (before if terms.continues else 0))
        n, before = max(1, n // ETA), epochs
    return cost


def widest(lengths: Sequence[int], terms: Terms) -> int:
    """Return with how many configurations a bracket may begin; at least 1.

    >>> widest([1, 3, 9], Terms(epochs=9, budget=10**9))
    333333334
    """
    enough = 1
    # Doubling, then halving: floors at each rung leave no formula to invert.
    while bracket_cost(2 * enough, lengths, terms) <= terms.sure_budget:
        enough *= 2
    too_many = 2 * enough
    while too_many - enough > 1:
        n = (enough + too_many) // 2
        if bracket_cost(n, lengths, terms) <= terms.sure_budget:
            enough = n
        else:
            too_many = n
    return enough
