"""Random search: configurations drawn one by one, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mlplab.search.space import Config, Space
from mlplab.search.strategies.base import Steps
from mlplab.search.trial import Proposal, Terms

_TRIES = 100  # draws without a new configuration after which a small space counts as used up
_POPULATION = 4096  # configurations at a time, of however many the budget pays


def random(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Propose as many configurations as the budget pays, in one population.

    What ends early leaves something for further ones.
    Source: Bergstra and Bengio (2012), Journal of Machine Learning Research 13.
    """
    known: set[str] = set()
    n = terms.n_trials
    while configs := draw_new(space, rng, min(n, _POPULATION), known):
        trials = yield [Proposal(config, terms.epochs, terms.seeds) for config in configs]
        left = terms.budget - trials[-1].spent
        n = left // (terms.epochs * len(terms.seeds))


def draw_new(space: Space, rng: np.random.Generator, n: int, known: set[str]) -> list[Config]:
    """Draw up to n configurations that are not known yet, and make them known."""
    drawn: list[Config] = []
    misses = 0
    while len(drawn) < n and misses < _TRIES and len(known) < space.size:
        before = len(drawn)
        drawn += unknown([space.draw(rng)], space, known)
        misses = 0 if len(drawn) > before else misses + 1
    return drawn


def unknown(configs: Iterable[Config], space: Space, known: set[str]) -> Iterator[Config]:
    """Yield the configurations that are not known yet, and make them known."""
    for config in configs:
        name = space.name(config)
        if name not in known:
            known.add(name)
            yield config
