"""Where dropout may be put in front of the activation, and the noise of sums under masks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_6.drop_connect.pre_activation import (
    N_MASKS,
    RATES,
    largest_errors,
)

if TYPE_CHECKING:
    import sympy

_WITHIN = 0.1


def prove() -> Sequence[Checked]:
    """Decide each statement over all signs, or all masks, of symbols."""
    moments, errors = rests_of_moments(), largest_errors()
    apart = sigmoid_apart()
    return (
        Checked("relu_before", not any(rests_of_leaky_relu())),
        Checked("relu_slope", not any(rests_of_slopes())),
        Checked(
            "sigmoid_nonzero", apart["front"] != 0 and apart["behind"] == 0, facts=_half(apart)
        ),
        Checked("variance", moments["weights"] == moments["inputs"] == 0),
        Checked("uncorrelated", moments["between units"] == moments["inputs between units"] == 0),
        Checked("shared", moments["between examples"] == 0),
        Checked(
            "simulated",
            max(errors["weights"], errors["inputs"]) < _WITHIN,
            facts={**errors, "masks": N_MASKS},
            n_cases=2 * len(RATES) * N_MASKS,
        ),
    )


def _half(apart: dict[str, sympy.Expr]) -> dict[str, float]:
    return {name: float(value) for name, value in apart.items()}


def _cases() -> Sequence[tuple[sympy.Expr, sympy.Expr]]:
    """Return each sign of z with each mask: 0, or 1/(1-p), which is some c > 0."""
    import sympy

    c, size = sympy.symbols("c size", positive=True)
    zero = sympy.Integer(0)
    return list(product((size, -size, zero), (c, zero)))


def _leaky(z: sympy.Expr) -> sympy.Expr:
    """Leaky ReLU of any slope; ReLU is that of slope 0."""
    import sympy

    slope = sympy.symbols("slope", real=True)
    return sympy.Piecewise((z, z > 0), (slope * z, True))


def rests_of_leaky_relu() -> list[sympy.Expr]:
    """Return phi(m z) - m phi(z) for each sign of z and each mask."""
    import sympy

    return [sympy.simplify(_leaky(mask * z) - mask * _leaky(z)) for z, mask in _cases()]


def rests_of_slopes() -> list[sympy.Expr]:
    """Return the derivatives' difference in z, for each sign of z but 0 and each mask."""
    import sympy

    size = sympy.symbols("size", positive=True)
    rests = []
    for z, mask in _cases():
        if z != 0:
            front, behind = _leaky(mask * z), mask * _leaky(z)
            rests.append(sympy.simplify(sympy.diff(front, size) - sympy.diff(behind, size)))
    return rests


def sigmoid_apart() -> dict[str, sympy.Expr]:
    """Return what a dropped unit gives if dropout is in front of a sigmoid, and behind it."""
    import sympy

    z = sympy.symbols("z", real=True)
    sigmoid = 1 / (1 + sympy.exp(-z))
    return {"front": sigmoid.subs(z, 0 * z), "behind": 0 * sigmoid}


def rests_of_moments() -> dict[str, sympy.Expr]:
    """Return moments of sums over all masks less what formulas say: 0 where these hold.

    Two units of two inputs, two examples.
    """
    import sympy

    p = sympy.symbols("p", positive=True)
    w, x, other = sympy.symbols("w:4"), sympy.symbols("x:2"), sympy.symbols("y:2")
    # Weights of the first unit, then of the second.
    connected = _Masks(p, 4)
    dropped = _Masks(p, 2)

    def unit(number: int, example: Sequence[sympy.Expr], masks: Sequence[sympy.Expr]) -> sympy.Expr:
        return sum(w[2 * number + j] * masks[j] * example[j] for j in range(2))

    def by_weights(number: int, example: Sequence[sympy.Expr]) -> list[sympy.Expr]:
        return [unit(number, example, m[2 * number :]) for m in connected.factors]

    def by_inputs(number: int) -> list[sympy.Expr]:
        return [unit(number, x, m) for m in dropped.factors]

    def known(pairs: Sequence[tuple[sympy.Expr, sympy.Expr]]) -> sympy.Expr:
        return p / (1 - p) * sum(a * b for a, b in pairs)

    own = [(w[j] * x[j], w[j] * x[j]) for j in range(2)]
    units = [(w[j] * x[j], w[2 + j] * x[j]) for j in range(2)]
    examples = [(w[j] * x[j], w[j] * other[j]) for j in range(2)]
    rests = {
        "weights": connected.covariance(by_weights(0, x), by_weights(0, x)) - known(own),
        "inputs": dropped.covariance(by_inputs(0), by_inputs(0)) - known(own),
        "between units": connected.covariance(by_weights(0, x), by_weights(1, x)),
        "inputs between units": dropped.covariance(by_inputs(0), by_inputs(1)) - known(units),
        "between examples": connected.covariance(by_weights(0, x), by_weights(0, other))
        - known(examples),
    }
    return {name: sympy.simplify(rest) for name, rest in rests.items()}


class _Masks:
    """All masks of n things dropped at rate p, with their probabilities."""

    def __init__(self, p: sympy.Expr, n: int) -> None:
        kept = list(product((0, 1), repeat=n))
        self.factors = [[one / (1 - p) for one in mask] for mask in kept]
        self._chances = [p ** (n - sum(mask)) * (1 - p) ** sum(mask) for mask in kept]

    def mean(self, values: Sequence[sympy.Expr]) -> sympy.Expr:
        return sum(chance * value for chance, value in zip(self._chances, values, strict=True))

    def covariance(self, one: Sequence[sympy.Expr], two: Sequence[sympy.Expr]) -> sympy.Expr:
        products = [a * b for a, b in zip(one, two, strict=True)]
        return self.mean(products) - self.mean(one) * self.mean(two)
