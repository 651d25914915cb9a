"""What the networks tell: values for the text, figures, tables, and a submission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_10.better_model.design import VARIANTS
from mlplab.exercises.section_4_10.better_model.measure import PRINTED, member_errors, rms, ways
from mlplab.exercises.section_4_10.scores import (
    FOLD_BAND,
    SCORE,
    Array,
    fold_differences,
    fold_interval,
    fold_strips,
    score_table,
)
from mlplab.exercises.section_4_10.submission import (
    NAME,
    ensemble_outputs,
    mean_price,
    submission,
)
from mlplab.exercises.section_4_10.tables import CENTRE, houses, prepared, schema_of
from mlplab.specs import Module

if TYPE_CHECKING:
    from mlplab.draw import Figure

_KAGGLE = 0.14961
"""What the source reports of its submission: of other rows, whose prices are not known here."""
_COMPARED = ("ensemble", "single", "layers", "together")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows, and write the submission."""
    runs = results.runs
    scores, errors = ways(runs), member_errors(runs["small networks"])
    prices, n_outputs = _submitted(results)
    content, n_rows = submission(prices)
    best = fold_interval(scores["ensemble"])
    run, source = (runs[name].experiment.base for name in ("small networks", "source"))
    values: dict[str, Any] = {
        "n_folds": len(scores["source"]),
        "n_members": errors.shape[1],
        "n_features": runs["small networks"].experiment.data.n_features,
        "hidden": "-".join(map(str, run.mlp.hidden)),
        "dropout": run.mlp.dropout[0],
        "rate": run.optim.lr,
        "decay": run.optim.weight_decay,
        "epochs": run.fit.epochs,
        "batch": run.fit.batch_size,
        "low": float(best.low),
        "high": float(best.high),
        "kaggle": _KAGGLE,
        "printed": PRINTED,
        "n_submitted": n_rows,
        "n_outputs": n_outputs,
        "median_price": float(np.median(prices)),
        "correlation": _correlation(errors),
        "is_exact": isinstance(source.net, Module),
        "gain": 1 - float(scores["ensemble"].mean() / scores["source"].mean()),
    }
    values |= {f"score_{name}": float("nan") for name in VARIANTS}
    values |= {f"score_{name}": float(one.mean()) for name, one in scores.items()}
    differences = fold_differences(results, _COMPARED, "differences")
    figures = (differences, fold_strips(scores, "models"), _by_members(errors))
    return Findings(values, figures, {"scores": score_table(scores)}, {NAME: content})


def _submitted(results: Results) -> tuple[Array, int]:
    """Return the prices of the rows without one, and how many networks they are the mean of."""
    from mlplab.tabular import Schema, conform, stack_folds

    runs = results.runs["submission"]
    params = runs.experiment.data.params
    whole = stack_folds(
        prepared(0, params["features"], params["preparation"]), houses().prices, kind="regression"
    )
    schema = Schema(columns=schema_of(params["features"]).features)
    inputs = whole.inputs(0, conform(houses().test, schema))
    outputs = ensemble_outputs(runs, inputs, results.progress)
    return mean_price(outputs, lambda one: np.exp(one + CENTRE)), len(outputs)


def _correlation(errors: Array) -> float:
    """Return the mean correlation of two members' errors on the same rows."""
    found = []
    for fold in errors:
        if len(fold) > 1:
            table = np.corrcoef(fold)
            found.append(float(table[np.triu_indices(len(table), 1)].mean()))
    return float(np.mean(found)) if found else float("nan")


def _by_members(errors: Array) -> Figure:
    rows = []
    for m in range(1, errors.shape[1] + 1):
        scores = rms(errors[:, :m].mean(axis=1))
        rows.append(("ensemble", m, *FOLD_BAND.of(scores.tolist()), len(scores)))
    return line_chart(rows, "members", y=SCORE, x_title="networks in the ensemble", band=FOLD_BAND)
