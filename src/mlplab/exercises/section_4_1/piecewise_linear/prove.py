"""Exact pieces of random networks, and how many units a certified error takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.registry import Checked
from mlplab.exercises.section_4_1.piecewise_linear.constructions import (
    EPSILONS,
    FUNCTIONS,
    constructions,
    even_segments,
    forward,
    random_network,
)
from mlplab.theory import pieces

_N_NETWORKS = 200


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
                "function": fewer.function.text,
                "epsilon": fewer.epsilon,
                "units": fewer.n_units,
                "formula": fewer.source_units,
            },
        ),
        Checked("quarter", within, facts={**many, "share": share}),
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
