"""What is shown of pReLU: the function and its two derivatives."""

from __future__ import annotations

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_1.prelu_derivative.prove import ALPHA, N_POINTS

_BY_X = "derivative with respect to x"


def tell(results: Results) -> Findings:
    """Draw pReLU and its derivatives."""
    import numpy as np

    x = np.linspace(-8, 8, 321)
    parts = {
        "pReLU(x)": np.where(x > 0, x, ALPHA * x),
        _BY_X: np.where(x > 0, 1.0, ALPHA),
        "derivative with respect to α": np.minimum(x, 0.0),
    }
    # This derivative jumps at 0: a missing number there parts its line in two.
    parts[_BY_X] = np.where(x == 0, np.nan, parts[_BY_X])
    rows = [(name, *at) for name, values in parts.items() for at in zip(x, values, strict=True)]
    figure = line_chart(rows, "prelu", x_title="x", y="value")
    return Findings({"alpha": ALPHA, "n_points": N_POINTS}, (figure,))
