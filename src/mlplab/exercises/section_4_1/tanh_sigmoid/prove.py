"""The identity by algebra, and what becomes of it in floating point."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_1.tanh_sigmoid.both_sides import (
    N_POINTS,
    REACH,
    TYPES,
    largest_distances,
)

_ULPS = 4.0


def prove() -> Sequence[Checked]:
    """Check the identity, and its two sides in floating point above zero and everywhere."""
    import sympy

    x = sympy.symbols("x", real=True)
    left, right = sympy.tanh(x) + 1, 2 / (1 + sympy.exp(-2 * x))
    rest = sympy.simplify((left - right).rewrite(sympy.exp))
    above, below = largest_distances(0.0, REACH), largest_distances(-REACH, 0.0)
    n_cases = len(TYPES) * N_POINTS
    return (
        Checked("identity", rest == 0),
        Checked("above_zero", max(above.values()) <= _ULPS, facts=above, n_cases=n_cases),
        Checked(
            "everywhere",
            max(*above.values(), *below.values()) <= _ULPS,
            facts=below,
            n_cases=2 * n_cases,
        ),
    )
