"""What exercise 4.5.4 checks and shows: the squared norm of a matrix is the trace of W^T W."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlplab.draw import Band, Quantity, spread_strips
from mlplab.exercises.registry import Checked, Findings
from mlplab.exercises.uncertainty_bands import mean_and_range

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_N = 2000
_TOLERANCE = 1e-12  # relative: some thousand roundings
_SYMBOLIC = ((1, 1), (3, 1), (1, 3), (2, 3), (3, 2), (3, 3))
_RANKS = (1, 2, 4, 8, 16, 32)
_N_DRAWN = 60
_SHAPES = ((200, 1), (784, 256), (256, 256))
_RATIO = "trace of the root of W^T W, over the Frobenius norm"
_WORDS = {_RATIO: "(W^T W) 的平方根之迹与佛罗贝尼乌斯范数之比", "rank of W": "W 的秩"}


def prove(trace: str, both: str, slope: str, vector: str, root: str) -> Sequence[Checked]:
    """Check the identity by algebra and on random matrices, and where the source's form ends."""
    import sympy

    entries, turned, slopes = [], [], []
    for n, m in _SYMBOLIC:
        w = sympy.Matrix(n, m, sympy.symbols(f"w:{n * m}", real=True))
        square = sum(one**2 for one in w)
        entries.append(sympy.expand((w.T * w).trace() - square) == 0)
        turned.append(sympy.expand((w * w.T).trace() - square) == 0)
        slopes.append(sympy.diff(square, w) == 2 * w)
    rng = np.random.default_rng(0)
    worst = {"trace": 0.0, "turned": 0.0, "singular": 0.0, "vector": 0.0}
    for n, m in rng.integers(1, 41, (_N, 2)):
        # Twelve decades: an identity must not hold by a lucky scale.
        matrix = rng.standard_normal((n, m)) * 10.0 ** rng.uniform(-6, 6)
        square = float(np.linalg.norm(matrix)) ** 2
        found = {
            "trace": float(np.trace(matrix.T @ matrix)),
            "turned": float(np.trace(matrix @ matrix.T)),
            "singular": float(np.square(np.linalg.svd(matrix, compute_uv=False)).sum()),
        }
        column = matrix[:, 0]
        alone = abs(float(np.sqrt(column @ column)) / float(np.linalg.norm(column)) - 1)
        found_worst = {name: abs(value / square - 1) for name, value in found.items()}
        found_worst["vector"] = alone
        worst = {name: max(error, found_worst[name]) for name, error in worst.items()}
    two = np.eye(2)
    nuclear, frobenius = float(root_trace(two)), float(np.linalg.norm(two))
    shapes = f"algebra for {len(_SYMBOLIC)} shapes from 1 x 1 to 3 x 3"
    drawn = f"{_N:,} random matrices up to 40 x 40"
    return (
        Checked(
            trace,
            all(entries) and worst["trace"] < _TOLERANCE,
            f"{shapes}; {drawn} agree to a relative {worst['trace']:.0e}",
        ),
        Checked(
            both,
            all(turned) and max(worst["turned"], worst["singular"]) < _TOLERANCE,
            f"W W^T: {shapes}; on {drawn} it agrees to a relative {worst['turned']:.0e}, "
            f"the singular values to {worst['singular']:.0e}",
        ),
        Checked(slope, all(slopes), f"{shapes}: the derivative for W is 2 W, entry by entry"),
        Checked(
            vector,
            worst["vector"] < _TOLERANCE,
            f"the first columns of {drawn} agree to a relative {worst['vector']:.0e}",
        ),
        Checked(
            root,
            abs(nuclear / frobenius - 1) < _TOLERANCE,
            f"the 2 x 2 identity has trace {nuclear:.4g} and Frobenius norm {frobenius:.4g}",
        ),
    )


def root_trace(matrix: NDArray[np.float64]) -> float:
    """Return the trace of (W^T W)^(1/2), the sum of the singular values: the nuclear norm.

    The root is taken of the matrix W^T W itself, by its eigenvalues.

    >>> round(root_trace(np.array([[3.0, 0.0], [0.0, 4.0]])), 12)
    7.0
    """
    eigen = np.linalg.eigvalsh(matrix.T @ matrix)
    return float(np.sqrt(np.maximum(eigen, 0.0)).sum())


def tell() -> Findings:
    """Collect what the page of 4.5.4 says and shows."""
    frame = _ratios()
    largest = frame[frame["rank of W"] == _RANKS[-1]]["ratio"]
    values = {
        "rank": _RANKS[-1],
        "ratio": float(largest.mean()),
        "most": float(_RANKS[-1] ** 0.5),
        "n_drawn": _N_DRAWN,
        "products_trace": _SHAPES[1][0] * _SHAPES[1][1] ** 2,
        "products_squares": _SHAPES[1][0] * _SHAPES[1][1],
        "rows": _SHAPES[1][0],
        "columns": _SHAPES[1][1],
    }
    return Findings(
        values, (_figure(frame, values["ratio"]),), {"Two ways to the same number": _costs()}
    )


def _ratios() -> pd.DataFrame:
    import pandas as pd

    rng = np.random.default_rng(0)
    rows = []
    for rank in _RANKS:
        for _ in range(_N_DRAWN):
            left, right = rng.standard_normal((40, rank)), rng.standard_normal((rank, 32))
            matrix = left @ right
            rows.append((rank, root_trace(matrix) / float(np.linalg.norm(matrix))))
    return pd.DataFrame(rows, columns=["rank of W", "ratio"])


def _figure(frame: pd.DataFrame, ratio: float) -> Figure:
    figure = spread_strips(
        frame,
        "rank of W",
        "ratio",
        title={
            "en": "The root of W^T W has another trace than the norm, except at rank 1: at rank "
            f"{_RANKS[-1]} it is {ratio:.2f} times as large",
            "zh": f"除非秩为 1，W^T W 的平方根之迹并不等于范数：秩为 {_RANKS[-1]} 时是其 "
            f"{ratio:.2f} 倍",
        },
        measure=Quantity(_RATIO, False),
        band=Band(
            {
                "en": "Mean and range of random matrices.",
                "zh": "随机矩阵的均值与取值范围。",
            },
            mean_and_range,
        ),
        caption={
            "en": "One dot per random 40 x 32 matrix.",
            "zh": "每点为一个随机的 40 x 32 矩阵。",
        },
        name="root-trace",
    )
    return replace(figure, words=_WORDS)


def _costs() -> pd.DataFrame:
    """Compare both ways on weights of the chapter's size."""
    import pandas as pd

    rng = np.random.default_rng(0)
    rows = []
    for n, m in _SHAPES:
        matrix = 0.01 * rng.standard_normal((n, m))
        squares, trace = float(np.square(matrix).sum()), float(np.trace(matrix.T @ matrix))
        rows.append((f"{n} x {m}", squares, trace, abs(trace / squares - 1), n * m, n * m * m))
    return pd.DataFrame(
        rows,
        columns=[
            "W",
            "sum of squares",
            "trace of W^T W",
            "relative difference",
            "products for the sum",
            "products for the trace",
        ],
    )
