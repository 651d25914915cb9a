"""Grid: every combination, once."""

from __future__ import annotations

import numpy as np

from mlplab.search.space import Space
from mlplab.search.strategies.base import Steps
from mlplab.search.trial import Proposal, Terms


def grid(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Propose the whole grid at once; ranges have `per_range` values.

    A budget that does not pay the whole grid pays a part of it, in random order.
    """
    configs = space.grid(terms.per_range)
    if len(configs) > terms.n_trials:
        configs = [configs[i] for i in rng.permutation(len(configs))]
    yield [Proposal(config, terms.epochs, terms.seeds) for config in configs]
