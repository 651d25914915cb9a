"""Where the two sides differ in floating point."""

from __future__ import annotations

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_1.tanh_sigmoid.both_sides import (
    REACH,
    TYPES,
    distance,
    first_zero,
    largest_distances,
    overflow_at,
)


def tell(results: Results) -> Findings:
    """Collect where digits are lost and where the exponential overflows."""
    import numpy as np

    values = {
        "overflow_32": overflow_at(np.float32),
        "overflow_64": overflow_at(np.float64),
        "zero_32": first_zero(np.float32),
        "zero_64": first_zero(np.float64),
        "ulps_above": max(largest_distances(0.0, REACH).values()),
    }
    rows = []
    for kind in TYPES:
        x = np.linspace(-20, 5, 251, dtype=kind)
        for at, error in zip(x, np.maximum(distance(x), 0.5), strict=True):
            rows.append((kind.__name__, float(at), float(error)))
    figure = line_chart(
        rows,
        "rounding",
        x_title="x",
        y="difference in units in the last place (below 0.5: drawn as 0.5)",
        series_title="type",
        log_y=True,
    )
    return Findings(values, (figure,))
