"""Grid: every combination, once."""

from __future__ import annotations

import itertools
import sys

import numpy as np

from mlplab.search.space import Space
from mlplab.search.strategies.base import Steps
from mlplab.search.strategies.random import unknown
from mlplab.search.trial import Proposal, Terms


def grid(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Propose the whole grid at once; ranges have `per_range` values.

    A budget that does not pay the whole grid pays a part of it, in random order.
    """
    configs = space.grid(terms.per_range)
    total = sum(space.epochs(config, terms.epochs) for config in configs) * len(terms.seeds)
    if total > terms.budget:
        # A part in grid order would never vary the first factor.
        configs = [configs[i] for i in rng.permutation(len(configs))]
    distinct = unknown(configs, space, set())
    paid = itertools.islice(distinct, min(terms.n_trials, sys.maxsize))
    yield [Proposal(config, terms.epochs, terms.seeds) for config in paid]
