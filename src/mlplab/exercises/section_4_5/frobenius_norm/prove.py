"""The squared norm of a matrix is the trace of W^T W: by algebra, and on random matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_5.frobenius_norm.nuclear_norm import root_trace

_N = 2000
_TOLERANCE = 1e-12  # relative: some thousand roundings


def prove() -> Sequence[Checked]:
    """Prove what algebra can, for matrices of any shape where it can, and check the rest."""
    by_columns, by_rows, of_vector = _diagonals_are_sums_of_squares()
    worst = _largest_errors()
    drawn = {"n_drawn": _N, **worst}
    two = np.eye(2)
    unit = {"nuclear": root_trace(two), "frobenius": float(np.linalg.norm(two))}
    return (
        Checked("trace", by_columns and worst["trace"] < _TOLERANCE, facts=drawn),
        Checked("turned", by_rows and worst["turned"] < _TOLERANCE, facts=drawn),
        Checked("singular", worst["singular"] < _TOLERANCE, facts=worst, n_cases=_N),
        Checked("slope", _slope_is_twice_the_matrix()),
        Checked("vector", of_vector and worst["vector"] < _TOLERANCE, facts=drawn),
        Checked(
            "other_norm",
            _nuclear_is_larger() and unit["nuclear"] > unit["frobenius"],
            facts=unit,
        ),
    )


def _diagonals_are_sums_of_squares() -> tuple[bool, bool, bool]:
    """Whether W^T W has sums of w_ij^2 over i, W W^T over j, w^T w over all: any shape."""
    import sympy

    n, m = sympy.symbols("n m", integer=True, positive=True)
    i, j = sympy.symbols("i j", integer=True)
    w = sympy.MatrixSymbol("W", n, m)
    by_columns = (w.T * w)[j, j].doit().dummy_eq(sympy.Sum(w[i, j] ** 2, (i, 0, n - 1)))
    by_rows = (w * w.T)[i, i].doit().dummy_eq(sympy.Sum(w[i, j] ** 2, (j, 0, m - 1)))
    vector = sympy.MatrixSymbol("w", n, 1)
    of_vector = (vector.T * vector)[0, 0].doit()
    squares = sympy.Sum(vector[i, 0] ** 2, (i, 0, n - 1))
    return bool(by_columns), bool(by_rows), bool(of_vector.dummy_eq(squares))


def _slope_is_twice_the_matrix() -> bool:
    """Whether the derivative of tr(W^T W) is 2 W, for a W of any shape."""
    import sympy

    n, m = sympy.symbols("n m", integer=True, positive=True)
    w = sympy.MatrixSymbol("W", n, m)
    return bool(sympy.Trace(w.T * w).diff(w) == 2 * w)


def _nuclear_is_larger() -> bool:
    """Whether (sum of s_k)^2 exceeds the sum of s_k^2 for two and more positive s_k.

    By induction: for one they are equal, and each further one adds a positive number.
    """
    import sympy

    total, squares, further = sympy.symbols("S Q s", positive=True)
    before = total**2 - squares
    after = (total + further) ** 2 - (squares + further**2)
    return bool(sympy.expand(after - before).is_positive)


def _largest_errors() -> dict[str, float]:
    """Return the largest relative error of each identity on random matrices."""
    rng = np.random.default_rng(0)
    worst = {"trace": 0.0, "turned": 0.0, "singular": 0.0, "vector": 0.0}
    for n, m in rng.integers(1, 41, (_N, 2)):
        # Twelve decades: an identity must not hold by a lucky scale.
        matrix = rng.standard_normal((n, m)) * 10.0 ** rng.uniform(-6, 6)
        square = float(np.linalg.norm(matrix)) ** 2
        column = matrix[:, 0]
        found = {
            "trace": float(np.trace(matrix.T @ matrix)) / square,
            "turned": float(np.trace(matrix @ matrix.T)) / square,
            "singular": float(np.square(np.linalg.svd(matrix, compute_uv=False)).sum()) / square,
            "vector": float(np.sqrt(column @ column)) / float(np.linalg.norm(column)),
        }
        worst = {name: max(error, abs(found[name] - 1)) for name, error in worst.items()}
    return worst
