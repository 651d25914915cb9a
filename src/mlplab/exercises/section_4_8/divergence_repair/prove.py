"""What one LARS step does to a layer, and what no rate can do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked

_N_RATES = 1000


def prove() -> Sequence[Checked]:
    """Prove the size of a step by algebra; try every kind of rate on a weight that is lost."""
    rates = np.concatenate([[0.0, np.inf], 10.0 ** np.linspace(-300, 300, _N_RATES - 2)])
    lost = np.array([np.nan, np.inf, -np.inf])
    gradients = np.array([0.0, 1.0, -1e300, np.inf, -np.inf, np.nan])
    with np.errstate(invalid="ignore", over="ignore"):
        after = lost[:, None, None] - rates[:, None] * gradients
    return (
        Checked("step", _moves_by_its_share()),
        Checked("lost", not np.isfinite(after).any(), facts={"n": _N_RATES}, n_cases=after.size),
    )


def _moves_by_its_share() -> bool:
    """Whether a step of rate trust ||w|| / ||g|| along g has the length trust ||w||.

    Lengths only see squares: three coordinates stand for any number.
    """
    import sympy

    trust = sympy.Symbol("trust", positive=True)
    w, g = (sympy.Matrix(sympy.symbols(f"{name}:3", real=True)) for name in "wg")
    step = trust * w.norm() / g.norm() * g
    return bool(sympy.simplify(step.dot(step) - trust**2 * w.dot(w)) == 0)
