"""Three ways to descend with an L1 penalty, and how far each is from the optimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mlplab.data.draws import draw_sparse_linear
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_5.lasso import solve_lasso
from mlplab.exercises.section_4_5.problem import N_TRAIN, Array
from mlplab.theory.linear import descend_lasso, largest_penalty
from mlplab.theory.linear.proximal import Method

PENALTY = 0.01
METHODS: tuple[Method, ...] = ("subgradient", "proximal", "accelerated")
CHECKED_AT = (1, 3, 10, 30, 100, 300, 1000)
FLOOR = 1e-12
"""Below, a gap is rounding, and its logarithm noise."""


@dataclass(frozen=True, eq=False)
class Ways:
    """What became of the methods on every draw.

    Attributes:
        above: method -> objective over its minimum less 1, (R, T + 1).
        zeros: method -> weights that are exactly 0, (R, T + 1).
        best_zeros: zeros of coordinate descent, (R,).
        largest: the penalty from which all weights are 0, (R,).
    """

    above: Mapping[str, Array]
    zeros: Mapping[str, Array]
    best_zeros: Array
    largest: Array


@lru_cache(maxsize=2)
@one_thread
def ways(n_draws: int) -> Ways:
    """Descend by the three methods from weights 0, and solve by coordinate descent."""
    X, y = draw_sparse_linear(range(n_draws), N_TRAIN)
    steps = CHECKED_AT[-1]
    exact = solve_lasso(X, y, PENALTY)
    w = exact.weights
    squares = exact.mean_squared_error(X, y) / 2
    minimum = (squares + PENALTY * np.abs(w).sum(axis=1))[:, None]
    above: dict[str, Array] = {}
    zeros: dict[str, Array] = {}
    for method in METHODS:
        found = descend_lasso(X, y, PENALTY, steps=steps, method=method, intercept=True)
        above[method] = found.objective / minimum - 1
        zeros[method] = found.zeros
    return Ways(above, zeros, (w == 0).sum(axis=1), largest_penalty(X, y, intercept=True))
