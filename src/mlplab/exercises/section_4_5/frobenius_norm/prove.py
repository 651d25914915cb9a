"""The squared norm of a matrix is the trace of W^T W: by algebra, and on random matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.registry import Checked
from mlplab.exercises.section_4_5.frobenius_norm.nuclear_norm import root_trace

_N = 2000
_TOLERANCE = 1e-12  # relative: some thousand roundings
_SYMBOLIC = ((1, 1), (3, 1), (1, 3), (2, 3), (3, 2), (3, 3))


def prove() -> Sequence[Checked]:
    """Check the identity by algebra and on random matrices, and where the source's form ends."""
    import sympy

    entries, turned, slopes = [], [], []
    for n, m in _SYMBOLIC:
        w = sympy.Matrix(n, m, sympy.symbols(f"w:{n * m}", real=True))
        square = sum(one**2 for one in w)
        entries.append(sympy.expand((w.T * w).trace() - square) == 0)
        turned.append(sympy.expand((w * w.T).trace() - square) == 0)
        slopes.append(sympy.diff(square, w) == 2 * w)
    worst = _largest_errors()
    two = np.eye(2)
    nuclear, frobenius = root_trace(two), float(np.linalg.norm(two))
    counted = {"n_shapes": len(_SYMBOLIC), "n_drawn": _N}
    return (
        Checked(
            "trace",
            all(entries) and worst["trace"] < _TOLERANCE,
            facts={**counted, "worst": worst["trace"]},
        ),
        Checked(
            "both",
            all(turned) and max(worst["turned"], worst["singular"]) < _TOLERANCE,
            facts={**counted, "worst": worst["turned"], "singular": worst["singular"]},
        ),
        Checked("slope", all(slopes), facts=counted),
        Checked("vector", worst["vector"] < _TOLERANCE, facts=worst, n_cases=_N),
        Checked(
            "root",
            abs(nuclear / frobenius - 1) < _TOLERANCE,
            facts={"nuclear": nuclear, "frobenius": frobenius},
        ),
    )


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
