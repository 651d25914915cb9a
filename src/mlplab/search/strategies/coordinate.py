"""Coordinate search, cheapest first: one factor at a time, round after round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlplab.search.space import Space
from mlplab.search.strategies.base import Steps
from mlplab.search.strategies.random import draw_new, unknown
from mlplab.search.trial import Proposal, Terms, Trial


def coordinate(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Try all values of one factor, keep the best, go on to the next dearer one, and repeat.

    Factors come in the order of what their dearest value costs. The search begins with
    `terms.start` (a random configuration where there is none). When a round over all factors
    changes nothing, it begins again from a random configuration that was not tried yet.
    """
    costs = dict(terms.costs)
    # Cheapest first: dear factors are then varied around good values of the others.
    order = sorted(space.factors, key=lambda path: costs.get(path, 0.0))
    known: set[str] = set()
    starts = [dict(terms.start)] if terms.start is not None else draw_new(space, rng, 1, known)
    while starts:
        yield from _descend(dict(starts[0]), space, terms, order, known)
        starts = draw_new(space, rng, 1, known)


def _descend(
    here: dict[str, Any], space: Space, terms: Terms, order: Sequence[str], known: set[str]
) -> Steps:
    """Walk from one configuration until a round changes nothing."""
    changed = True
    while changed:
        changed = False
        for path in order:
            levels = space.levels(path, terms.per_range)
            configs = [{**here, path: value} for value in (here[path], *levels)]
            tried = list(unknown(configs, space, set()))
            known.update(map(space.name, tried))
            trials: list[Trial] = yield [
                Proposal(config, terms.epochs, terms.seeds) for config in tried
            ]
            best = max(trials, key=lambda trial: trial.score)
            # The first is where the search stands; an equal score does not move it.
            if best.score > trials[0].score:
                here = dict(best.config)
                changed = True
