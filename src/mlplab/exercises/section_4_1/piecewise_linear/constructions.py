"""Networks that are built to a certified error, and random ones to count pieces of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np

from mlplab.theory import Approximation, approximate, parse

FUNCTIONS = {
    "sin(3*x)": "sin(3x)",
    "abs(x)": "|x|",
    "exp(-4*x^2)": "exp(−4x²)",
    "x^3": "x³",
    "sin(9*x)*cos(2*x)": "sin(9x) cos(2x)",
    "tanh(8*x)": "tanh(8x)",
}
"""What is approximated, and how it is written for readers."""
INTERVAL = (-2.0, 2.0)
EPSILONS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
EXAMPLE, COMPARED = "sin(3*x)", (0.1, 0.01)
"""What networks are also trained for, as wide as those built to these errors."""


@cache
def constructions() -> dict[str, tuple[Approximation, ...]]:
    """Return the certified networks of every function, one for each error allowed."""
    return {
        text: tuple(approximate(parse(text), INTERVAL, eps) for eps in EPSILONS)
        for text in FUNCTIONS
    }


def constructed(epsilon: float) -> Approximation:
    """Return the network for the example and an error allowed."""
    return constructions()[EXAMPLE][EPSILONS.index(epsilon)]


def even_segments(found: Approximation) -> float:
    """Return the largest error, on a fine grid, of interpolation on segments of one length."""
    a, b = found.interval
    knots = np.linspace(a, b, found.even_units + 1)
    x = np.linspace(a, b, 20_001)
    straight = np.interp(x, knots, found.function(knots))
    return float(np.abs(straight - found.function(x)).max())


def random_network(
    rng: np.random.Generator, n_inputs: int = 1
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Draw a network of one output with one to three hidden layers."""
    widths = [n_inputs, *rng.integers(2, 12, rng.integers(1, 4)).tolist(), 1]
    return [
        (rng.standard_normal((o, i)) / np.sqrt(i), rng.standard_normal(o))
        for i, o in pairwise(widths)
    ]


def forward(
    layers: Sequence[tuple[np.ndarray, np.ndarray]], x: np.ndarray, slope: float
) -> np.ndarray:
    """Return a network's outputs at points x, (N,) or (N, I): (N,)."""
    h = x.reshape(len(x), -1)
    for place, (weight, bias) in enumerate(layers):
        h = h @ weight.T + bias
        if place < len(layers) - 1:
            h = np.where(h > 0, h, slope * h)
    return np.asarray(h[:, 0])
