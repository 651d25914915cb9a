"""Digits, condition numbers and losses of the exact solution and of SGD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_4.exact_polynomial.solvers import (
    PENALTIES,
    PLAIN,
    SCALED,
    SMALL_PENALTY,
    TERMS,
    UNIT,
    above_least,
    solved,
)
from mlplab.exercises.section_4_4.polynomial_draws import (
    N_TEST,
    Array,
    geometric_chart,
    mean_lines,
    n_draws,
)
from mlplab.exercises.uncertainty_bands import DRAW_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure


def tell(results: Results) -> Findings:
    """Collect digits, condition numbers and losses."""
    runs, draws = results.runs["descent"], n_draws(results.profile)
    found, above = solved(draws), above_least(runs)
    digits, condition = found["digits"], found["condition"]
    lost = [t for t in TERMS if digits["normal equations", t].mean() < 1]
    values: dict[str, Any] = {
        "n_draws": draws,
        "n_seeds": len(runs.experiment.seeds),
        "n_test": N_TEST,
        "lost_at": str(lost[0]) if lost else f"> {TERMS[-1]}",
        "cond_4": float(np.median(condition[SCALED, 4])),
        "cond_20": float(np.median(condition[SCALED, 20])),
        "cond_20_plain": float(np.median(condition[PLAIN, 20])),
        "cond_unit": float(np.median(condition[UNIT, 20])),
        "lost_unit": float(np.median(np.log10(condition[UNIT, 20]))),
        "digits_normal": float(digits["normal equations", 20].mean()),
        "digits_qr": float(digits["QR", 20].mean()),
        "digits_svd": float(digits["SVD", 20].mean()),
        "above_4": float(above[4].mean()),
        "above_20": float(above[20].mean()),
        "test_plain": float(np.median(found["plain"])),
        "test_ridge": float(np.median(found["ridge"][:, PENALTIES.index(SMALL_PENALTY)])),
    }
    figures = (_digits(digits), _condition(condition))
    return Findings(values, figures, {"ridge-by-penalty": _ridge(found)})


def _digits(digits: Mapping[tuple[str, float], Array]) -> Figure:
    return line_chart(
        mean_lines(digits),
        "digits-kept",
        x_title="terms",
        y="correct digits of the weights",
        band=DRAW_BAND,
        series_title="solver",
    )


def _condition(condition: Mapping[tuple[str, float], Array]) -> Figure:
    return geometric_chart(
        condition,
        "condition-number",
        x_title="terms",
        y="condition number",
        series_title="features",
    )


def _ridge(found: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "penalty": ["none", *(f"{one:g}" for one in PENALTIES)],
            "loss": [
                float(np.median(found["plain"])),
                *np.median(found["ridge"], axis=0).tolist(),
            ],
        }
    )
