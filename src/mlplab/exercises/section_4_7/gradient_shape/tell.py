"""What is shown: functions with their gradients, and how near difference quotients come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_7.gradient_shape.functions import (
    FUNCTIONS,
    autograd,
    differences,
    draw,
)

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

SIZE = 3, 4
_GRADIENTS = {
    "aᵀXb": "a bᵀ",
    "‖X‖²": "2 X",
    "‖Xb − a‖²": "2 (Xb − a) bᵀ",
    "Σ tanh X": "1 − tanh² X",
    "log Σ exp X": "softmax X",
    "aᵀXXᵀa": "2 a aᵀX",
}
_STEPS = 10.0 ** np.arange(-11, 0.5, 0.5)


def tell(results: Results) -> Findings:
    """List the gradients, and draw the errors of difference quotients."""
    figure, best = _errors()
    n, m = SIZE
    return Findings({"n": n, "m": m, "best": best}, (figure,), {"gradients": _table()})


def _table() -> pd.DataFrame:
    import pandas as pd

    rng = np.random.default_rng(0)
    rows = []
    for name, function in FUNCTIONS.items():
        x, a, b = draw(rng, *SIZE)
        found = autograd(function, x, a, b)
        shape = "×".join(map(str, found.shape))
        rows.append({"f(X)": name, "gradient": _GRADIENTS[name], "shape": shape})
    return pd.DataFrame(rows)


def _errors() -> tuple[Figure, float]:
    """Draw the largest error over the entries by the step; return the best step's."""
    rng = np.random.default_rng(1)
    rows = []
    for name, function in FUNCTIONS.items():
        x, a, b = draw(rng, *SIZE)
        exact = autograd(function, x, a, b)
        for step in _STEPS:
            error = float(np.abs(differences(function, x, a, b, step) - exact).max())
            # An error of 0 has no place on a logarithmic axis; nothing is nearer than rounding.
            rows.append((name, float(step), max(error, np.finfo(float).eps)))
    by_step = [max(row[2] for row in rows if row[1] == step) for step in _STEPS]
    figure = line_chart(
        rows,
        "differences",
        x_title="step",
        y="largest error of an entry",
        series_title="function",
        log_x=True,
        log_y=True,
    )
    return figure, min(by_step)
