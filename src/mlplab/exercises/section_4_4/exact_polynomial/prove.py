"""The normal equations, when they have one solution, and the matrix that the source prints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked

_N_SAMPLES = 60


def prove() -> Sequence[Checked]:
    """Check by algebra, and in whole numbers, which have no rounding."""
    return _normal(), _unique(), _printed()


def _normal() -> Checked:
    import sympy

    holds, shapes = True, [(3, 2), (4, 3), (5, 4), (2, 4)]
    for n, terms in shapes:
        x, y = sympy.symbols(f"x:{n}"), sympy.symbols(f"y:{n}")
        w = sympy.symbols(f"w:{terms}")
        pairs = list(zip(x, y, strict=True))
        loss = sum((sum(w[j] * a**j for j in range(terms)) - b) ** 2 for a, b in pairs) / 2
        for k in range(terms):
            left = sum(w[j] * sum(a ** (j + k) for a in x) for j in range(terms))
            right = sum(a**k * b for a, b in pairs)
            holds &= sympy.expand(sympy.diff(loss, w[k]) - (left - right)) == 0
    return Checked("normal", bool(holds), facts={"shapes": shapes})


def _unique() -> Checked:
    import sympy

    rng, holds = np.random.default_rng(0), True
    for _ in range(_N_SAMPLES):
        n, terms = (int(size) for size in rng.integers(1, 7, 2))
        x = rng.integers(-3, 4, n)
        # Whole numbers: the rank has no rounding errors.
        rows = sympy.Matrix(n, terms, lambda i, j, x=x: int(x[i]) ** j)
        holds &= ((rows.T * rows).det() != 0) == (len(set(x.tolist())) >= terms)
    return Checked("unique", bool(holds), n_cases=_N_SAMPLES)


def _printed() -> Checked:
    import sympy

    regular = []
    for n in (1, 2, 3):
        x = sympy.symbols(f"x:{n}")
        gram = sympy.Matrix(n + 1, n + 1, lambda j, k, x=x: sum(a ** (j + k) for a in x))
        regular.append(sympy.expand(gram.det()) != 0)
    return Checked("printed", all(regular))
