"""Errors with and without noise: values, figures, table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Figure
from mlplab.exercises.charts import strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_4.least_error.errors import (
    EPOCHS,
    MISFIT,
    MOST_DRAWS,
    NOISE,
    SIZES,
    decades,
    errors,
    fresh_losses,
    held_out,
    n_exact,
)
from mlplab.exercises.section_4_4.polynomial_draws import VARIANCE, Array, geometric_chart
from mlplab.exercises.section_4_4.published import EPOCHS as PUBLISHED_EPOCHS
from mlplab.exercises.uncertainty_bands import RANGE_BAND
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

Lines = dict[tuple[str, float], Array]
Errors = Mapping[tuple[int, float, int], tuple[Array, Array]]

_N_DOTS = 100
_SHOWN_EPOCHS = (1, 3, 10, 30, 100, 200, 400, 700, 1000, 1500, 2000, 2500, EPOCHS)


def tell(results: Results) -> Findings:
    """Collect errors and losses with and without noise."""
    runs, draws = results.runs, n_exact(results.profile)
    found, fresh = errors(draws), fresh_losses(draws)
    curves = {name: _curve(runs[key]) for key, name in (("free", "no noise"), ("noisy", "noise"))}
    values: dict[str, Any] = {
        "n_draws": draws,
        "n_many_terms": min(draws, MOST_DRAWS[20]),
        "n_seeds": len(runs["free"].experiment.seeds),
        "variance": VARIANCE,
        "free_4": _typical(found[4, 0.0, 100][0]),
        "free_4_of_4": _typical(found[4, 0.0, 4][0]),
        "free_20": _typical(found[20, 0.0, 100][0]),
        "free_20_1000": _typical(found[20, 0.0, 1000][0]),
        "sgd_400": _typical(held_out(runs["free"], PUBLISHED_EPOCHS)),
        "sgd_last": _typical(held_out(runs["free"], EPOCHS)),
        "epochs": EPOCHS,
        "least_misfit": MISFIT,
        "misfit_1000": float(found[3, 0.0, 1000][0].mean()),
        "noisy_100": VARIANCE + float(np.median(found[4, NOISE, 100][0])),
        "noisy_1000": VARIANCE + float(found[4, NOISE, 1000][0].mean()),
        "eight_1000": VARIANCE + float(np.median(found[8, NOISE, 1000][0])),
        "below_100": float((fresh[100] < VARIANCE).mean()),
        "least_100": float(fresh[100].min()),
        "gap_20": float((found[4, NOISE, 20][0] + VARIANCE - found[4, NOISE, 20][1]).mean()),
        "gap_1000": float((found[4, NOISE, 1000][0] + VARIANCE - found[4, NOISE, 1000][1]).mean()),
    }
    figures = (_error_figure(found), _descent_figure(curves), _fresh_figure(fresh))
    return Findings(values, figures, {"expected-error": _table(found)})


def _typical(losses: Array) -> float:
    """Return the geometric mean, with a floor for what is exactly 0."""
    return float(10 ** decades(losses).mean())


def _curve(runs: Runs) -> dict[int, Array]:
    """Return test losses by epoch, with a floor for what is exactly 0."""
    return {epoch: 10 ** decades(held_out(runs, epoch)) for epoch in _SHOWN_EPOCHS}


def _error_figure(found: Errors) -> Figure:
    names = {
        (3, 0.0): "no noise, 3 terms",
        (8, NOISE): "noise, 8 terms",
        (4, NOISE): "noise, 4 terms",
        (20, 0.0): "no noise, 20 terms",
        (4, 0.0): "no noise, 4 terms",
    }
    lines: Lines = {
        (name, n): 10 ** decades(found[terms, noise, n][0] + noise**2)
        for (terms, noise), name in names.items()
        for n in SIZES
        # 8 terms for a handful of examples reach 1e10 and more: the table has them.
        if (terms, noise, n) in found and not (terms == 8 and n < 50)
    }
    return geometric_chart(
        lines,
        "expected-error",
        x_title="training examples",
        y="expected error",
        series_title="data and model",
        log_x=True,
    )


def _descent_figure(curves: Mapping[str, Mapping[int, Array]]) -> Figure:
    lines: Lines = {(name, e): one for name, curve in curves.items() for e, one in curve.items()}
    return geometric_chart(lines, "descent", x_title="epochs", y="test loss", series_title="data")


def _fresh_figure(fresh: Mapping[int, Array]) -> Figure:
    return strip_chart(
        {n: losses[:_N_DOTS] for n, losses in fresh.items()},
        "fresh-losses",
        group="fresh examples",
        measure="loss of the true polynomial",
        band=RANGE_BAND,
    )


def _table(found: Errors) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for n in SIZES:
        row: dict[str, Any] = {"training examples": n}
        for (terms, noise, examples), (error, _) in found.items():
            if examples == n:
                name = f"{terms} terms, {'noise' if noise else 'no noise'}"
                row[name] = float(np.median(error)) + noise**2
        rows.append(row)
    return pd.DataFrame(rows)
