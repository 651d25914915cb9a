"""What the page shows: four curves along lambda, and the gap at the exact optimum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_5.decay_sweep.curves import (
    LAMBDAS,
    SHARED,
    SWEPT,
    Curve,
    curves,
)
from mlplab.exercises.section_4_5.decay_sweep.measure import n_draws
from mlplab.exercises.section_4_5.problem import BATCH_SIZE, EPOCHS, N_TRAIN, RATE, VARIANCE
from mlplab.exercises.uncertainty_bands import DRAW_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_TOLD = {"0": 0.0, "2": SHARED, "20": 20.0, "100": 100.0}
_NONE = (math.nan, math.nan)


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    found = curves(n_draws(results.profile))
    n_steps = EPOCHS * N_TRAIN // BATCH_SIZE
    mean = found["ridge"].test.mean(axis=0)
    best = int(mean.argmin())
    values: dict[str, Any] = {
        "n_draws": n_draws(results.profile),
        "rate": RATE,
        "n_steps": n_steps,
        "variance": VARIANCE,
        "left_at_1": (1 - RATE) ** n_steps,
        "factor_at_100": 1 - 100 * RATE,
        "shared": SHARED,
        "swept_step": float(SWEPT[1]),
        "best": float(found["ridge"].lambdas[best]),
        "best_share": float(mean[best] / VARIANCE),
        "constant_gap": 2 / N_TRAIN,
    }
    for name, curve in found.items():
        for suffix, decay in _TOLD.items():
            if decay in curve.lambdas:
                train, test = curve.at(decay)
                values[f"{name}_train_{suffix}"] = float(train.mean())
                values[f"{name}_test_{suffix}"] = float(test.mean())
                values[f"{name}_gap_{suffix}"] = float(curve.gap(decay).mean())
    return Findings(values, (_test_losses(found), _ridge_gap(found)), {"losses": _losses(found)})


def _rows(curve: Curve, part: str, series: str) -> list[tuple[Any, ...]]:
    rows = []
    for place, decay in enumerate(curve.lambdas):
        # The band of draws is of the loss itself: its logarithm would have another mean.
        numbers = getattr(curve, part)[:, place].tolist()
        rows.append((series, float(decay), *DRAW_BAND.of(numbers), len(numbers)))
    return rows


def _lines(rows: Sequence[tuple[Any, ...]], name: str, *, log_y: bool = False) -> Figure:
    return line_chart(
        rows, name, x_title="decay", y="loss", band=DRAW_BAND, series_title="curve", log_y=log_y
    )


def _test_losses(found: Mapping[str, Curve]) -> Figure:
    rows = [row for name, curve in found.items() for row in _rows(curve, "test", name)]
    return _lines(rows, "test-loss", log_y=True)


def _ridge_gap(found: Mapping[str, Curve]) -> Figure:
    rows = [row for part in ("test", "train") for row in _rows(found["ridge"], part, part)]
    return _lines(rows, "ridge-gap")


def _losses(found: Mapping[str, Curve]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for decay in LAMBDAS:
        row: dict[str, Any] = {"decay": decay}
        for name, curve in found.items():
            # The source's own sweep passes few of these; the nearest would be another lambda.
            known = decay in curve.lambdas
            train, test = (float(one.mean()) for one in curve.at(decay)) if known else _NONE
            row |= {f"{name}_train": train, f"{name}_test": test}
        rows.append(row)
    return pd.DataFrame(rows)
