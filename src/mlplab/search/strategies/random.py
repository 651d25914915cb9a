"""Random search: configurations drawn one by one, each once."""

from __future__ import annotations

import numpy as np

from mlplab.search.space import Config, Space, name_of
from mlplab.search.strategies.base import Steps
from mlplab.search.trial import Proposal, Terms

_TRIES = 100  # draws without a new configuration after which a small space counts as used up


def random(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Propose as many configurations as the budget pays, in one population.

    Source: Bergstra and Bengio (2012), Journal of Machine Learning Research 13.
    """
    configs = draw_new(space, rng, terms.n_trials, set())
    yield [Proposal(config, terms.epochs, terms.seeds) for config in configs]


def draw_new(space: Space, rng: np.random.Generator, n: int, known: set[str]) -> list[Config]:
    """Draw up to n configurations that are not known yet, and make them known."""
    drawn: list[Config] = []
    misses = 0
    while len(drawn) < n and misses < _TRIES and len(known) < space.size:
        config = space.draw(rng)
        name = name_of(config)
        misses += 1
        if name not in known:
            known.add(name)
            drawn.append(config)
            misses = 0
    return drawn
