"""What the settings' scores tell: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import grid_edge
from mlplab.exercises.section_4_10.folds import N_INNER
from mlplab.exercises.section_4_10.scores import (
    LOG_BAND,
    SCORE,
    fold_differences,
    fold_strips,
    score_table,
)
from mlplab.exercises.section_4_10.tuning_by_folds.tuning import (
    AT_EPOCH,
    CHAPTER,
    SOURCE,
    Tuning,
    curves,
    fixed,
    tuning,
    ways,
)
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_KAGGLE, _PRINTED = 0.1504, 0.13678632
"""The source's score on Kaggle, and its best mean of training and held-out score."""
_COMPARED = ("source", "tuned", "as_good", "optimistic", "decay")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs
    found, grid = tuning(runs), runs["folds"]
    scores = ways(runs, found)
    arm, epoch = found.flat
    best = grid.arms[arm].factors
    inner = [found.inner[a, e, j] for j, (a, e) in enumerate(found.chosen)]
    values: dict[str, Any] = {
        "n_folds": len(scores["nested"]),
        "n_inner": N_INNER,
        "n_settings": found.folds[..., 0].size,
        "n_runs": sum(len(one) for one in runs.values()),
        "at_epoch": AT_EPOCH,
        "best_rate": best["optim.lr"],
        "best_batch": best["fit.batch_size"],
        "best_decay": best["optim.weight_decay"],
        "best_epochs": found.epochs[epoch],
        "n_chosen": len(set(found.chosen)),
        "n_agree": sum(one == found.flat for one in found.chosen),
        "inner": float(np.mean(inner)),
        "optimism": float((scores["nested"] - scores["flat"]).mean()),
        "kaggle": _KAGGLE,
        "printed": _PRINTED,
    }
    slow = CHAPTER["optim.lr"]
    values["score_slow"] = float(fixed(grid, found, SOURCE | {"optim.lr": slow}).mean())
    values |= {f"score_{name}": float(one.mean()) for name, one in scores.items()}
    tables = {
        "scores": score_table(scores),
        "settings": _settings(grid, found),
        "chosen": _chosen(grid, found),
    }
    differences = fold_differences(results, _COMPARED, "differences")
    # No penalty is less than none.
    edges = [
        grid_edge(path, best[path], {one.factors[path] for one in grid.arms}, limits=(0.0,))
        for path in ("optim.lr", "fit.batch_size", "optim.weight_decay")
    ]
    edges.append(grid_edge("fit.epochs", found.epochs[epoch], found.epochs))
    figures = (differences, fold_strips(scores, "tuned"), _rates(grid))
    return Findings(values, figures, tables, edges=tuple(chain(*edges)))


def _settings(grid: Runs, found: Tuning) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for place, arm in enumerate(grid.arms):
        for e, epochs in enumerate(found.epochs):
            rows.append(
                _words_of(arm.factors)
                | {
                    "epochs": epochs,
                    "error on folds": float(found.folds[place, e].mean()),
                    "on inner folds": float(found.inner[place, e].mean()),
                }
            )
    return pd.DataFrame(rows).sort_values("error on folds", ignore_index=True)


def _chosen(grid: Runs, found: Tuning) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for fold, (arm, e) in enumerate(found.chosen):
        rows.append(
            {"fold": fold}
            | _words_of(grid.arms[arm].factors)
            | {
                "epochs": found.epochs[e],
                "on inner folds": float(found.inner[arm, e, fold]),
                "on its held-out rows": float(found.folds[arm, e, fold]),
            }
        )
    return pd.DataFrame(rows)


def _words_of(factors: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rate": factors["optim.lr"],
        "batch size": factors["fit.batch_size"],
        "decay": factors["optim.weight_decay"],
    }


def _rates(grid: Runs) -> Figure:
    scores, rows = curves(grid), []
    batch_and_decay = (SOURCE["fit.batch_size"], SOURCE["optim.weight_decay"])
    for place, arm in enumerate(grid.arms):
        factors = arm.factors
        if (factors["fit.batch_size"], factors["optim.weight_decay"]) != batch_and_decay:
            continue
        for epoch in range(10, scores.shape[1] + 1, 10):
            at = scores[place, epoch - 1]
            sound = at[np.isfinite(at)].tolist()
            if sound:
                rows.append((factors["optim.lr"], epoch, *LOG_BAND.of(sound), len(sound)))
    return line_chart(
        rows, "rates", y=SCORE, x_title="epochs", band=LOG_BAND, series_title="rate", log_y=True
    )
