"""The expected error of a fitted polynomial, in closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import factorial

import numpy as np
from numpy.polynomial.hermite_e import poly2herme

from mlplab.data.draws import draw_polynomial
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.polynomial_draws import SMALLEST, VARIANCE, Array
from mlplab.experiment import Runs
from mlplab.theory import linear
from mlplab.theory.features import hermite

COEFFICIENTS = (5.0, 1.2, -3.4, 5.6)
"""Of x^i / i! in the data, from power 0."""
NOISE = VARIANCE**0.5
SIZES = (4, 5, 10, 20, 50, 100, 1000)
CASES = ((3, 0.0), (4, 0.0), (20, 0.0), (4, NOISE), (8, NOISE))
"""Terms and noise of what is fitted."""
EPOCHS = 3000
ROUNDING = 1e-20
MISFIT = COEFFICIENTS[3] ** 2 / 6
"""The least error of 3 terms: what of x^3 / 3! lies outside 1, x and x^2."""
FRESH_SIZES = (10, 100, 1000)
_DRAWS = (200, 1000, 4000)
# By terms: the work of a draw grows with their square.
MOST_DRAWS = {20: 50, 8: 200}


def true_error(weights: Array, coefficients: Sequence[float] = COEFFICIENTS) -> Array:
    """Return what normalised Hermite weights (R, K) err beyond the noise: (R,).

    In this basis the moment matrix M is the identity, so that (w - w*)^T M (w - w*) is a plain
    sum of squares and has no digits to lose.

    >>> true_error(np.array([[3.0, 0.0]]), coefficients=[5.0])
    array([4.])
    """
    powers = [c / factorial(i) for i, c in enumerate(coefficients)]
    true = poly2herme(powers)  # without the zeros at its end
    true = true * np.sqrt([float(factorial(i)) for i in range(len(true))])
    n_terms = max(weights.shape[1], len(true))
    apart = np.zeros((len(weights), n_terms))
    apart[:, : weights.shape[1]] = weights
    apart[:, : len(true)] -= true
    return np.asarray(np.square(apart).sum(axis=1))


@lru_cache(maxsize=2)
@one_thread
def errors(draws: int) -> Mapping[tuple[int, float, int], tuple[Array, Array]]:
    """Return by (terms, noise, examples) the error beyond the noise, and the training loss.

    Many terms are solved on fewer draws.
    """
    found = {}
    for terms, noise in CASES:
        for n in SIZES:
            if n >= terms:
                few = min(draws, MOST_DRAWS.get(terms, draws))
                x, y = draw_polynomial(range(few), n, noise=noise)
                features = hermite(x, terms)
                models = linear.solve_qr(features, y)
                loss = models.mean_squared_error(features, y)
                found[terms, noise, n] = true_error(models.weights), loss
    return found


@lru_cache(maxsize=2)
def fresh_losses(draws: int) -> Mapping[int, Array]:
    """Return the true polynomial's losses on fresh examples, by how many there are."""
    found = {}
    for n in FRESH_SIZES:
        _, y = draw_polynomial(range(draws), n, part="test")
        _, quiet = draw_polynomial(range(draws), n, part="test", noise=0.0)
        found[n] = np.square(y - quiet).mean(axis=1)
    return found


def n_exact(profile: Profile) -> int:
    """Return how many draws are solved exactly."""
    return profile.pick(*_DRAWS)


def held_out(runs: Runs, epoch: int) -> Array:
    """Return the held-out losses after an epoch, infinite where a run had diverged: (R,)."""
    frame = runs.frame()
    losses = frame[frame["epoch"] == epoch].set_index("seed")["valid_loss"]
    found = losses.reindex(runs.experiment.seeds).to_numpy(dtype=np.float64)
    return np.asarray(np.nan_to_num(found, nan=np.inf))


def decades(values: Array) -> Array:
    """Return log10, with 1e-32 for what is exactly 0."""
    return np.asarray(np.log10(np.maximum(values, SMALLEST)))
