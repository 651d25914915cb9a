"""What scaled weights compute exactly, over all masks, and where they only come near."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from mlplab.exercises.findings import Checked
from mlplab.specs.keyed import philox

if TYPE_CHECKING:
    import sympy

N_UNITS, N_CLASSES = 3, 2
N_NETWORKS, N_DROPPED = 200, 8


def prove() -> Sequence[Checked]:
    """Decide the two exact statements by algebra, and the two approximations by examples."""
    largest = largest_distances()
    relu, scaled = relu_example()
    return (
        Checked("linear_mean", all(rest == 0 for rest in rests_of_linear_mean())),
        Checked("geometric", rest_of_geometric_mean() == 0),
        Checked(
            "arithmetic",
            largest["arithmetic"] < 1e-9,
            facts=largest | {"units": N_DROPPED},
            n_cases=N_NETWORKS,
        ),
        Checked("through_relu", relu == scaled, facts={"mean": float(relu), "at": float(scaled)}),
    )


def _masks() -> Iterator[tuple[sympy.Expr, Sequence[sympy.Expr]]]:
    """Yield the probability of each mask of three units, and what it multiplies them by."""
    rates = _symbols("p", N_UNITS)
    for kept in product((0, 1), repeat=N_UNITS):
        chance = 1
        for one, rate in zip(kept, rates, strict=True):
            chance *= 1 - rate if one else rate
        yield chance, [one / (1 - rate) for one, rate in zip(kept, rates, strict=True)]


@cache
def _symbols(name: str, n: int) -> tuple[sympy.Symbol, ...]:
    import sympy

    return tuple(sympy.symbols(f"{name}:{n}", positive=True))


def _output(row: int, factors: Sequence[sympy.Expr]) -> sympy.Expr:
    weights = _symbols(f"w{row}_", N_UNITS)
    units = _symbols("h", N_UNITS)
    (bias,) = _symbols(f"b{row}_", 1)
    return bias + sum(w * m * h for w, m, h in zip(weights, factors, units, strict=True))


def rests_of_linear_mean() -> list[sympy.Expr]:
    """Return, for each output, its mean over all masks less the output without dropout."""
    import sympy

    return [
        sympy.simplify(
            sum(chance * _output(row, factors) for chance, factors in _masks())
            - _output(row, [1] * N_UNITS)
        )
        for row in range(N_CLASSES)
    ]


def rest_of_geometric_mean() -> sympy.Expr:
    """Return log(q1/q0) - log(p1/p0), of the geometric mean q and the softmax p without dropout.

    Normalising divides both by the same, and so do the sums of exponentials of each mask.
    """
    import sympy

    def apart(factors: Sequence[sympy.Expr]) -> sympy.Expr:
        return _output(1, factors) - _output(0, factors)

    mean = sum(chance * apart(factors) for chance, factors in _masks())
    return sympy.simplify(mean - apart([1] * N_UNITS))


@cache
def largest_distances() -> dict[str, float]:
    """Return how far the two means of probabilities are, at most, from those without dropout.

    Over 200 random output layers of 8 units at random rates; every mask is counted.
    """
    from scipy.special import softmax

    kept = np.array(list(product((0, 1), repeat=N_DROPPED)), dtype=np.float64)
    draws = philox(0, "output layers with dropout")
    largest = {"arithmetic": 0.0, "geometric": 0.0}
    for _ in range(N_NETWORKS):
        weights, bias = draws.standard_normal((10, N_DROPPED)), draws.standard_normal(10)
        h, rate = np.abs(draws.standard_normal(N_DROPPED)), draws.uniform(0.1, 0.6)
        chance = np.where(kept, 1 - rate, rate).prod(1)
        p = softmax((kept * h / (1 - rate)) @ weights.T + bias, axis=1)
        without = softmax(weights @ h + bias)
        means = {"arithmetic": chance @ p, "geometric": softmax(chance @ np.log(p))}
        for name, mean in means.items():
            largest[name] = max(largest[name], float(np.abs(mean - without).max()))
    return largest


def relu_example() -> tuple[sympy.Expr, sympy.Expr]:
    """Return the mean of ReLU(D(1) - 1) at rate 1/2, and ReLU(1 - 1)."""
    import sympy

    half, one = sympy.Rational(1, 2), sympy.Integer(1)
    outcomes = (sympy.Max(0, 2 * one - 1), sympy.Max(0, 0 * one - 1))
    return sum(half * value for value in outcomes), sympy.Max(0, one - 1)
