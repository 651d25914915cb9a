"""What exercise 4.4.4 computes: the expected error of a fitted polynomial, in closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import factorial
from typing import Literal

import numpy as np
from numpy.polynomial.hermite_e import poly2herme

from mlplab.data.draws import draw_polynomial
from mlplab.exercises.measured import Measured
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.polynomial_draws import VARIANCE, Array
from mlplab.exercises.polynomial_terms import SMALLEST, sound
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked
from mlplab.experiment import Runs
from mlplab.theory import linear
from mlplab.theory.features import hermite

COEFFICIENTS = (5.0, 1.2, -3.4, 5.6)
"""Of x^i / i! in the data, from power 0."""
NOISE = VARIANCE**0.5
SIZES = (4, 5, 10, 20, 50, 100, 1000)
CASES = ((3, 0.0), (4, 0.0), (20, 0.0), (4, NOISE), (8, NOISE))
"""Terms and noise of what is fitted."""
EPOCHS, PUBLISHED_EPOCHS = 3000, 400
ROUNDING = 1e-20
MISFIT = COEFFICIENTS[3] ** 2 / 6
"""The least error of 3 terms: what of x^3 / 3! lies outside 1, x and x^2."""
FRESH_SIZES = (10, 100, 1000)
_DRAWS = (200, 1000, 4000)
_N_TERMS = 8
# By terms: the work of a draw grows with their square.
MOST_DRAWS = {20: 50, 8: 200}


def prove(formula: str, positive: str, misfit: str) -> Sequence[Checked]:
    """Check by algebra what the expected error is, when it is least, and what 3 terms leave."""
    import sympy

    z = sympy.symbols("z", real=True)
    density = sympy.exp(-(z**2) / 2) / sympy.sqrt(2 * sympy.pi)
    moment = [
        sympy.integrate(z**k * density, (z, -sympy.oo, sympy.oo)) for k in range(2 * _N_TERMS - 1)
    ]

    def expected(polynomial: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
        powers = sympy.Poly(sympy.expand(polynomial), x).terms()
        return sum(c * moment[k] for (k,), c in powers)

    x, e, sigma = sympy.symbols("x e sigma")
    w, true = sympy.symbols("w:4"), sympy.symbols("v:4")
    apart = [a - b for a, b in zip(w, true, strict=True)]
    error = e - sum(d * x**i for i, d in enumerate(apart))
    # The noise has mean 0 and mean square sigma^2, and does not depend on x.
    whole = sympy.expand(error**2).subs(e**2, sigma**2).subs(e, 0)
    squares = sum(apart[i] * apart[j] * moment[i + j] for i in range(len(w)) for j in range(len(w)))
    same = sympy.expand(expected(whole, x) - sigma**2 - squares) == 0
    minors = [sympy.Matrix(k, k, lambda i, j: moment[i + j]).det() for k in range(1, _N_TERMS + 1)]
    superfactorials = [
        sympy.prod(sympy.factorial(i) for i in range(k)) for k in range(1, _N_TERMS + 1)
    ]
    left = expected((true[3] * x**3 / 6 - sum(w[i] * x**i for i in range(3))) ** 2, x)
    (best,) = sympy.solve([sympy.diff(left, one) for one in w[:3]], w[:3], dict=True)
    rest = sympy.expand(left.subs(best) - true[3] ** 2 / 6) == 0
    return (
        Checked(formula, bool(same), "by algebra and integration, for 4 terms"),
        Checked(
            positive,
            minors == superfactorials,
            f"in whole numbers, to {_N_TERMS} terms: the leading minors of M are 0! 1! ... "
            "(k - 1)!, all above 0",
        ),
        Checked(misfit, bool(rest), "by algebra: the least squares 3 terms for w x^3 / 3!"),
    )


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


def measure(runs: Mapping[str, Runs], profile: Profile, says: Sequence[str]) -> Sequence[Measured]:
    """Return what decides the claims of 4.4.4, one number per draw of the data."""
    found, fresh = errors(n_exact(profile)), fresh_losses(n_exact(profile))
    free, small = runs["free"], float(np.log10(ROUNDING))

    def gap(n: int) -> Array:
        error, loss = found[4, NOISE, n]
        return error + VARIANCE - loss

    below, log = "log10 of error / 1e-20", "log10 of held-out loss / 1e-20"
    rows: tuple[tuple[Array, float, Literal["higher", "lower", "same"], str], ...] = (
        (decades(found[4, 0.0, 100][0]) - small, 1.0, "lower", below),
        (decades(found[4, 0.0, 4][0]) - small, 1.0, "lower", below),
        (decades(found[20, 0.0, 100][0]) - small, 1.0, "lower", below),
        (decades(held_out(free, PUBLISHED_EPOCHS)) - small, 1.0, "lower", log),
        (decades(held_out(free, EPOCHS)) - small, 1.0, "lower", log),
        (found[3, 0.0, 1000][0] - 5, 0.1, "lower", "error less 5"),
        (
            found[4, NOISE, 1000][0] * 1000 / (4 * VARIANCE) - 1,
            0.2,
            "same",
            "error beyond sigma^2, over 4 sigma^2 / n, less 1",
        ),
        ((fresh[100] < VARIANCE).astype(np.float64), 0.05, "same", "share of draws below sigma^2"),
        (gap(20), 0.0005, "same", "error less training loss"),
        (gap(1000), 0.0005, "same", "error less training loss"),
    )
    return tuple(sound(one, *row) for one, row in zip(says, rows, strict=True))
