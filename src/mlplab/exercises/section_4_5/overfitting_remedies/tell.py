"""What the page shows: all remedies from both starts, and early stopping beside ridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart, strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import grid_edge
from mlplab.exercises.section_4_5.overfitting_remedies.measure import n_draws
from mlplab.exercises.section_4_5.overfitting_remedies.remedies import (
    LIMITS,
    N_HELD_OUT,
    N_MEMBERS,
    N_MORE,
    N_TUNING,
    REMEDIES,
    STARTS,
    STEPS,
    STRENGTHS,
    Compared,
    compared,
)
from mlplab.exercises.section_4_5.problem import EPOCHS, N_INPUTS, N_TRAIN
from mlplab.exercises.uncertainty_bands import DRAW_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    found = compared(n_draws(results.profile))
    values: dict[str, Any] = {
        "n_draws": n_draws(results.profile),
        "n_train": N_TRAIN,
        "n_inputs": N_INPUTS,
        "n_tuning": N_TUNING,
        "n_held_out": N_HELD_OUT,
        "epochs": EPOCHS,
        "n_members": N_MEMBERS,
        "n_more": N_MORE,
        "mean_risk": float(found.mean.mean()),
        "apart": float(np.abs(found.stopped - found.ridge).max(axis=1).mean()),
    }
    for start in STARTS:
        risks = {remedy: float(found.risks[start, remedy].mean()) for remedy in REMEDIES}
        values[f"risk_{start}"] = risks
        values[f"strength_{start}"] = {
            remedy: found.strengths.get((start, remedy)) for remedy in REMEDIES
        }
    figures = (_from_wide(found), _from_zero(found), _stopping_and_ridge(found))
    edges = (
        edge
        for (start, remedy), strength in found.strengths.items()
        for edge in grid_edge(
            remedy,
            strength,
            STRENGTHS[remedy],
            limits=LIMITS.get(remedy, ()),
            where={"start": start},
        )
    )
    return Findings(values, figures, {"risks": _table(found)}, edges=tuple(edges))


def _from_wide(found: Compared) -> Figure:
    ratios = {name: np.log10(found.risks["wide", name] / found.mean) for name in REMEDIES}
    return strip_chart(ratios, "from-wide", group="remedy", measure="log_ratio", band=DRAW_BAND)


def _from_zero(found: Compared) -> Figure:
    """Without the 400 examples, beside which all others would lie on one line."""
    none = found.risks["zero", "none"]
    names = [name for name in REMEDIES if name not in ("none", "data")]
    changes = {name: found.risks["zero", name] - none for name in names}
    return strip_chart(changes, "from-zero", group="remedy", measure="change", band=DRAW_BAND)


def _stopping_and_ridge(found: Compared) -> Figure:
    rows = [
        (name, step, *DRAW_BAND.of(risks[:, place].tolist()))
        for name, risks in {"stopped": found.stopped, "matching": found.ridge}.items()
        for place, step in enumerate(STEPS)
    ]
    return line_chart(
        rows,
        "stopping-and-ridge",
        x_title="steps",
        y="risk",
        band=DRAW_BAND,
        series_title="way",
        log_x=True,
    )


def _table(found: Compared) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for remedy in REMEDIES:
        row: dict[str, Any] = {"remedy": remedy}
        for start in STARTS:
            mean, low, high = DRAW_BAND.of(found.risks[start, remedy].tolist())
            row |= {
                f"{start}_strength": found.strengths.get((start, remedy)),
                f"{start}_risk": mean,
                f"{start}_low": low,
                f"{start}_high": high,
            }
        rows.append(row)
    return pd.DataFrame(rows)
