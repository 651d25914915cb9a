"""How many terms fit all examples, in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked

_N_CASES = 40


def prove() -> Sequence[Checked]:
    """Check in fractions how many terms fit all examples."""
    import sympy

    rng, fits, fewer_fit = np.random.default_rng(0), True, True
    for _ in range(_N_CASES):
        n = int(rng.integers(2, 8))
        x = rng.choice(np.arange(-9, 10), n, replace=False)
        rows = sympy.Matrix(n, n, lambda i, j, x=x: int(x[i]) ** j)
        y = sympy.Matrix([int(one) for one in rng.integers(-99, 100, n)])
        fits &= rows * rows.LUsolve(y) == y
        less, target = rows[:, : n - 1], sympy.Matrix([0] * (n - 1) + [1])
        # A polynomial with n - 2 as its highest power and n - 1 zeros is 0 everywhere.
        fewer_fit &= less.row_join(target).rank() == less.rank()
    return (
        Checked("enough", bool(fits), n_cases=_N_CASES),
        Checked("fewer", bool(fewer_fit), n_cases=_N_CASES),
    )
