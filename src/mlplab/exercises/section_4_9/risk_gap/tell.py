"""What the page shows: both risks and their gap along every cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_9.risk_gap.design import SIZES, STEPS, WIDTH
from mlplab.exercises.section_4_9.risk_gap.measure import classical_gap, n_fixed, n_parameters
from mlplab.exercises.section_4_9.risk_gap.problem import (
    BAYES,
    FRESH,
    LINEAR,
    N_INPUTS,
    NOISE,
    OUTLIER,
    Array,
    N,
)
from mlplab.exercises.section_4_9.risk_gap.risks import (
    Risks,
    by_inputs,
    by_sampling,
    by_size,
    by_steps,
    by_width,
    fixed_gaps,
)
from mlplab.exercises.uncertainty_bands import DRAW_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

Curves = Mapping[float, Risks]
_PARTS: Mapping[str, Callable[[Risks], Array]] = {
    "empirical": lambda one: one.empirical,
    "true": lambda one: one.true,
    "gap": lambda one: one.gap,
}


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs
    fixed = fixed_gaps(n_fixed(results.profile))
    curves: dict[str, Curves] = {
        "size": by_size(runs),
        "steps": by_steps(runs),
        "width": by_width(runs),
        "inputs": by_inputs(runs),
        "noise": by_sampling(runs, "noise"),
        "outliers": by_sampling(runs, "outliers"),
        "huber": by_sampling(runs, "outliers", "huber"),
        "selection": by_sampling(runs, "selection"),
        "missing": by_sampling(runs, "missing"),
    }
    values: dict[str, Any] = {
        "n_draws": len(runs["size"].experiment.seeds),
        "n_rows": N,
        "n_inputs": N_INPUTS,
        "n_fixed": n_fixed(results.profile),
        "n_fresh": FRESH,
        "n_steps": STEPS,
        "units": WIDTH,
        "deviation": NOISE,
        "outlier": OUTLIER,
        "bayes": BAYES,
        "linear_risk": LINEAR,
        "n_weights": n_parameters(),
        "classical": classical_gap(max(SIZES)),
        "true_error": float(np.mean([one.error for one in curves["size"].values()])),
        "used": {
            k: float(one.excess_gap(BAYES).mean()) / classical_gap(max(SIZES)) * n_parameters()
            for k, one in curves["steps"].items()
        },
        "kept": float(curves["selection"][4.0].kept.mean()),
        "held": {s: float(one.held_out.mean()) for s, one in curves["selection"].items()},
        "weighed": {s: float(one.weighted.mean()) for s, one in curves["selection"].items()},
    }
    for cause, found in curves.items():
        values[f"{cause}_at"] = {
            x: {name: float(part(one).mean()) for name, part in _PARTS.items()}
            for x, one in found.items()
        }
    figures = (
        _figure("size", curves["size"], "rows", log_x=True),
        _rates(curves["size"], fixed),
        _figure(
            "width", {max(x, 0.5): one for x, one in curves["width"].items()}, "units", log_x=True
        ),
        _figure("inputs", curves["inputs"], "number of inputs", log_x=True),
        _figure(
            "noise",
            {x: r for x, r in curves["noise"].items() if x},
            "deviation",
            log_x=True,
            log_y=True,
        ),
        _outliers(curves["outliers"], curves["huber"]),
        _selection(curves["selection"]),
        _figure("missing", curves["missing"], "lost"),
    )
    return Findings(values, figures, {"risks": _table(curves)})


def _rows(found: Curves, parts: Mapping[str, Callable[[Risks], Array]]) -> list[tuple[Any, ...]]:
    return [
        (name, x, *DRAW_BAND.of(part(one).tolist()), len(one.true))
        for name, part in parts.items()
        for x, one in found.items()
    ]


def _figure(cause: str, found: Curves, x: str, **more: Any) -> Figure:
    return line_chart(
        _rows(found, _PARTS),
        f"risks-by-{cause}",
        x_title=x,
        y="mean squared error",
        band=DRAW_BAND,
        series_title="risk",
        **more,
    )


def _rates(found: Curves, fixed: Mapping[int, Array]) -> Figure:
    rows = _rows(found, {"trained": lambda one: one.excess_gap(BAYES)})
    rows += [("fixed", n, *DRAW_BAND.of(gaps.tolist()), len(gaps)) for n, gaps in fixed.items()]
    rows += [("classical", n, classical_gap(n), np.nan, np.nan, None) for n in SIZES]
    return line_chart(
        rows,
        "gap-by-size",
        x_title="rows",
        y="gap",
        band=DRAW_BAND,
        series_title="model",
        log_x=True,
        log_y=True,
    )


def _outliers(squares: Curves, huber: Curves) -> Figure:
    rows = [
        (f"{loss}, {name}", *row[1:])
        for loss, found in (("squared", squares), ("Huber", huber))
        for name in ("empirical", "true")
        for row in _rows(found, {name: _PARTS[name]})
    ]
    return line_chart(
        rows,
        "risks-by-outliers",
        x_title="share of outliers",
        y="mean squared error",
        band=DRAW_BAND,
        series_title="loss and risk",
    )


def _selection(found: Curves) -> Figure:
    parts = {
        "empirical": _PARTS["empirical"],
        "true": _PARTS["true"],
        "held out": lambda one: one.held_out,
        "weighted": lambda one: one.weighted,
    }
    return line_chart(
        _rows(found, parts),
        "risks-by-selection",
        x_title="strength of selection",
        y="mean squared error",
        band=DRAW_BAND,
        series_title="risk",
    )


def _table(curves: Mapping[str, Curves]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {"cause": cause, "level": x}
        | {name: round(float(part(one).mean()), 4) for name, part in _PARTS.items()}
        for cause, found in curves.items()
        for x, one in found.items()
    )
