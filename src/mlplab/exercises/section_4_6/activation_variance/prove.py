"""The variance of a dropped activation: by its two outcomes, by moments, and on drawn masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked

_N_CASES = 200
_N_MASKS = 20_000
_BEYOND = 6.0  # standard errors: chance passes this once in 10^9 draws


def prove() -> Sequence[Checked]:
    """Prove both formulas wrong or right by algebra, and check the sum on random activations."""
    import sympy

    h = sympy.symbols("h", real=True)
    p = sympy.symbols("p", positive=True)
    outcomes = ((0, p), (h / (1 - p), 1 - p))
    mean, square = (sum(weight * one**k for one, weight in outcomes) for k in (1, 2))
    variance = sympy.simplify(square - mean**2)
    right, source = h**2 * p / (1 - p), h**2 / (1 - p) - h
    roots = sympy.solve(sympy.simplify(source - variance), h)
    # A mask independent of h multiplies its moments by those of the mask: 1 and 1 / (1 - p).
    first, second = sympy.symbols("m s", real=True)
    whole = second / (1 - p) - first**2
    parts = (second - first**2) + second * p / (1 - p)
    mask_share = second * p / (1 - p) - p * (whole + first**2)
    worst = _largest_error()
    return (
        Checked("source_formula", bool(sympy.simplify(variance - source) == 0)),
        Checked("formula", bool(sympy.simplify(variance - right) == 0)),
        Checked("unseen", set(roots) == {0, 1}),
        Checked(
            "sum",
            bool(sympy.simplify(whole - parts) == 0) and worst < _BEYOND,
            facts={"worst": worst, "n_drawn": _N_CASES, "n_masks": _N_MASKS},
        ),
        Checked("mask_share", bool(sympy.simplify(mask_share) == 0)),
    )


def _largest_error() -> float:
    """Return how far drawn variances lie from the sum of both parts, in standard errors."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(_N_CASES):
        p = rng.uniform(0.05, 0.8)
        # Activations of a ReLU unit on as many examples as there are masks.
        h = np.maximum(rng.normal(rng.uniform(-1, 1), rng.uniform(0.5, 3), _N_MASKS), 0.0)
        dropped = np.where(rng.random(_N_MASKS) < p, 0.0, h / (1 - p))
        squares = (dropped - h.mean()) ** 2
        expected = h.var() + (h**2).mean() * p / (1 - p)
        error = squares.std(ddof=1) / np.sqrt(_N_MASKS)
        worst = max(worst, float(abs(squares.mean() - expected) / error))
    return worst
