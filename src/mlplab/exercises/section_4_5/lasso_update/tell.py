"""What the page shows: zeros and objective of each way, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_5.lasso_update.measure import n_draws
from mlplab.exercises.section_4_5.lasso_update.ways import (
    CHECKED_AT,
    FLOOR,
    METHODS,
    PENALTY,
    Ways,
    ways,
)
from mlplab.exercises.section_4_5.problem import N_INPUTS, N_TRAIN, Array
from mlplab.exercises.uncertainty_bands import DRAW_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    found = ways(n_draws(results.profile))
    values: dict[str, Any] = {
        "n_draws": n_draws(results.profile),
        "n_train": N_TRAIN,
        "n_inputs": N_INPUTS,
        "n_steps": CHECKED_AT[-1],
        "penalty": PENALTY,
        "largest": float(found.largest.mean()),
        "best_zeros": float(found.best_zeros.mean()),
    }
    for method in METHODS:
        values[method] = {
            "zeros": float(found.zeros[method][:, -1].mean()),
            "excess": float(found.above[method][:, -1].mean()),
            "excess_100": float(found.above[method][:, 100].mean()),
        }
    shown = {method: np.maximum(one, FLOOR) for method, one in found.above.items()}
    figures = (_lines("zeros", found.zeros), _lines("objective", shown, log_y=True))
    return Findings(values, figures, {"steps": _table(found)})


def _lines(name: str, numbers: Mapping[str, Array], *, log_y: bool = False) -> Figure:
    import pandas as pd

    rows = [
        (method, step, *DRAW_BAND.of(numbers[method][:, step].tolist()))
        for method in METHODS
        for step in CHECKED_AT
    ]
    frame = pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high"])
    if log_y:
        frame["low"] = frame["low"].clip(lower=FLOOR)
    return line_chart(
        frame,
        name,
        x_title="steps",
        y=name,
        band=DRAW_BAND,
        series_title="method",
        log_x=True,
        log_y=log_y,
    )


def _table(found: Ways) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for step in CHECKED_AT:
        row: dict[str, Any] = {"steps": step}
        for method in METHODS:
            row[f"{method}_excess"] = float(found.above[method][:, step].mean())
            row[f"{method}_zeros"] = float(found.zeros[method][:, step].mean())
        rows.append(row)
    return pd.DataFrame(rows)
