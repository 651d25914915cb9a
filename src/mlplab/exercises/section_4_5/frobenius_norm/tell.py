"""What the page shows: where the source's form leaves the norm, and what the trace costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_5.frobenius_norm.nuclear_norm import root_trace

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_RANKS = (1, 2, 4, 8, 16, 32)
_N_DRAWN = 60
_SHAPES = ((200, 1), (784, 256), (256, 256))


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    frame = _ratios()
    rows, columns = _SHAPES[1]
    values = {
        "rank": _RANKS[-1],
        "ratio": float(frame[frame["rank"] == _RANKS[-1]]["ratio"].mean()),
        "most": float(_RANKS[-1] ** 0.5),
        "n_drawn": _N_DRAWN,
        "products_trace": rows * columns**2,
        "products_squares": rows * columns,
        "rows": rows,
        "columns": columns,
    }
    return Findings(values, (_figure(frame),), {"costs": _costs()})


def _ratios() -> pd.DataFrame:
    import pandas as pd

    rng = np.random.default_rng(0)
    rows = []
    for rank in _RANKS:
        for _ in range(_N_DRAWN):
            left, right = rng.standard_normal((40, rank)), rng.standard_normal((rank, 32))
            matrix = left @ right
            rows.append((rank, root_trace(matrix) / float(np.linalg.norm(matrix))))
    return pd.DataFrame(rows, columns=["rank", "ratio"])


def _figure(frame: pd.DataFrame) -> Figure:
    from mlplab.draw import Quantity, spread_strips
    from mlplab.exercises.uncertainty_bands import RANGE_BAND

    return spread_strips(
        frame,
        "rank",
        "ratio",
        measure=Quantity("ratio", False),
        band=RANGE_BAND,
        name="root-trace",
    )


def _costs() -> pd.DataFrame:
    """Compare both ways on weights of the chapter's size."""
    import pandas as pd

    rng = np.random.default_rng(0)
    rows = []
    for n, m in _SHAPES:
        matrix = 0.01 * rng.standard_normal((n, m))
        squares, trace = float(np.square(matrix).sum()), float(np.trace(matrix.T @ matrix))
        error = abs(trace / squares - 1)
        rows.append((f"{n} × {m}", squares, trace, error, n * m, n * m * m))
    names = ["shape", "squares", "trace", "error", "products_squares", "products_trace"]
    return pd.DataFrame(rows, columns=names)
