"""Hyperband: brackets of successive halving that begin with few or many epochs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlplab.search.space import Space
from mlplab.search.strategies.base import Steps
from mlplab.search.strategies.halving import bracket, bracket_cost, rung_epochs, widest
from mlplab.search.strategies.random import draw_new
from mlplab.search.trial import Terms


def hyperband(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Share the budget evenly among brackets, the one that begins shortest first.

    Brackets hedge against the case that early epochs mislead: the last one is random search.
    Source: Li et al. (2018), arXiv 1603.06560.
    """
    lengths = rung_epochs(terms.epochs)
    known: set[str] = set()
    left = terms.sure_budget
    for first in range(len(lengths)):
        own = lengths[first:]
        share = replace(terms, budget=left // (len(lengths) - first), lengths=None)
        if bracket_cost(1, own, share) > left:
            continue
        n = widest(own, share)
        left -= bracket_cost(n, own, share)
        yield from bracket(draw_new(space, rng, n, known), own, terms)
