"""Exact pieces of random networks, and how many units a certified error takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_1.piecewise_linear.constructions import (
    EPSILONS,
    FUNCTIONS,
    constructions,
    even_segments,
    forward,
    random_network,
)
from mlplab.exercises.section_4_1.piecewise_linear.regions import regions
from mlplab.theory import pieces

_N_NETWORKS = 200
_N_PLANES = 100
_REACH = 3.0


def prove() -> Sequence[Checked]:
    """Check by exact pieces of random networks, and by certified constructions."""
    built = [one for ones in constructions().values() for one in ones]
    even = [even_segments(one) for one in built]
    fewer = next(one for one in built if one.n_units < one.source_units)
    within = all(error <= one.epsilon for one, error in zip(built, even, strict=True))
    many = {"functions": len(FUNCTIONS), "errors": len(EPSILONS)}
    share = max(error / one.epsilon for one, error in zip(built, even, strict=True))
    return (
        _piecewise(),
        Checked(
            "enough",
            within and all(one.even_units <= one.source_units for one in built),
            facts=many,
        ),
        Checked(
            "needed",
            all(one.n_units >= one.source_units for one in built),
            facts={
                "function": FUNCTIONS[fewer.function.text],
                "epsilon": fewer.epsilon,
                "units": fewer.n_units,
                "formula": fewer.source_units,
            },
        ),
        Checked("quarter", within, facts={**many, "share": share}),
        *_norms(),
        _plane(),
        _most_regions(),
    )


def _piecewise() -> Checked:
    rng = np.random.default_rng(0)
    worst, most = 0.0, 0
    for _ in range(_N_NETWORKS):
        layers = random_network(rng)
        slope = float(rng.choice([0.0, 0.25]))
        found = pieces(layers, (-3, 3), slope)
        x = rng.uniform(-3, 3, 500)
        straight = np.interp(x, found.points, found.values[:, 0])
        worst = max(worst, float(np.abs(forward(layers, x, slope) - straight).max()))
        most = max(most, len(found))
    facts = {"networks": _N_NETWORKS, "most": most, "error": worst}
    return Checked("piecewise", worst < 1e-9, facts=facts)


def _norms() -> tuple[Checked, Checked]:
    """A spike of twice the height allowed, narrow enough for any integral."""
    import sympy

    eps, x = sympy.symbols("epsilon x", positive=True)
    height, width = 2 * eps, 3 / (4 * (1 + eps))
    half = height * x / (width / 2)
    square = sympy.simplify(2 * sympy.integrate(half**2, (x, 0, width / 2)))
    is_counter_example = (
        (height - eps).is_positive
        and sympy.simplify(eps - square).is_positive
        and sympy.simplify(1 - width).is_positive
    )
    bound = sympy.integrate(eps**2, (x, 0, 1))
    return (
        Checked("norms", not is_counter_example),
        Checked("one_way", bool(sympy.expand(bound - eps**2) == 0)),
    )


def _plane() -> Checked:
    rng = np.random.default_rng(1)
    worst, most = 0.0, 0
    for _ in range(_N_PLANES):
        layers = random_network(rng, 2)
        slope = float(rng.choice([0.0, 0.25]))
        found = regions(layers, _REACH, slope)
        most = max(most, len(found))
        for one in found:
            # The corners belong to the neighbours too: there all of them must agree.
            inside = np.vstack([one.corners, one.corners.mean(axis=0)])
            affine = (inside @ one.weight.T + one.bias)[:, 0]
            worst = max(worst, float(np.abs(forward(layers, inside, slope) - affine).max()))
    facts = {"most": most, "error": worst}
    return Checked("plane", worst < 1e-9, facts=facts, n_cases=_N_PLANES)


def _most_regions() -> Checked:
    rng = np.random.default_rng(2)
    holds, reached = True, 0
    for _ in range(_N_PLANES):
        n = int(rng.integers(1, 13))
        layers = [
            (rng.standard_normal((n, 2)), rng.standard_normal(n)),
            (np.ones((1, n)), np.zeros(1)),
        ]
        # Wide enough for nearly all crossings of two lines to lie inside.
        found, limit = len(regions(layers, 1e4)), 1 + n + n * (n - 1) // 2
        holds &= found <= limit
        reached += found == limit
    facts = {"reached": reached}
    return Checked("most_regions", holds, facts=facts, n_cases=_N_PLANES)
