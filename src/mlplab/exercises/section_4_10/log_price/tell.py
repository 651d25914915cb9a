"""What the models of log prices tell: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_10.log_price.measure import at_rate, ways
from mlplab.exercises.section_4_10.log_price.prove import PRINTED_STUCK, log_log
from mlplab.exercises.section_4_10.scores import (
    LOG_BAND,
    SCORE,
    Array,
    fold_differences,
    fold_scores,
    fold_strips,
    score_table,
)
from mlplab.exercises.section_4_10.tables import houses
from mlplab.experiment import Runs

if TYPE_CHECKING:
    from mlplab.draw import Figure

_PRINTED = {"printed": 1.566155, "printed_low": 0.175148, "printed_high": 0.193856}
"""The source's mean over folds, and what it shows of the held-out rows of its two good folds."""
_RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 5.0)
_STUCK, _MOVING = "from_0_stuck", "from_0_moving"
_COMPARED = ("unclamped", "started", "bounded")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs
    scores, clamp = ways(runs), runs["clamp"]
    is_stuck = _is_stuck(clamp)
    double = fold_scores(clamp, clamp.arms[0], "valid_house_double_log")
    values: dict[str, Any] = {
        "n_folds": len(is_stuck),
        "n_stuck": int(is_stuck.sum()),
        "stuck_shows": _mean(double[is_stuck]),
        "stuck_score": _mean(scores["stuck"][is_stuck]),
        "moving_shows": _mean(double[~is_stuck]),
        "moving_score": _mean(scores["stuck"][~is_stuck]),
        "shows": float(double.mean()),
        **_PRINTED,
        "printed_stuck": PRINTED_STUCK[1][0],
        "log_log": log_log(houses().prices),
        "fast": float(at_rate(runs["log price"], 5.0).mean()),
        "worst_log": float(scores["log"].max()),
        "worst_bounded": float(scores["bounded_log"].max()),
    }
    values |= {f"score_{name}": float(found.mean()) for name, found in scores.items()}
    values |= {f"spread_{name}": float(found.std(ddof=1)) for name, found in scores.items()}
    figures = (
        fold_strips(scores, "targets", log=True),
        fold_differences(results, _COMPARED, "differences"),
        _rates(runs["log price"]),
        _courses(clamp),
    )
    return Findings(values, figures, {"scores": score_table(scores)})


def _mean(scores: Array) -> float:
    return float(scores.mean()) if len(scores) else float("nan")


def _is_stuck(clamp: Runs) -> NDArray[np.bool_]:
    """Whether most outputs of each fold's model lie at the clamp, (J,)."""
    return np.asarray(fold_scores(clamp, clamp.arms[0], "valid_house_stuck") > 0.5)


def _rates(runs: Runs) -> Figure:
    rows = []
    for lr in _RATES:
        scores = at_rate(runs, lr)
        rows.append(("log_price", lr, *LOG_BAND.of(scores.tolist()), len(scores)))
    return line_chart(
        rows, "rates", y=SCORE, x_title="learning rate", band=LOG_BAND, log_x=True, log_y=True
    )


def _courses(clamp: Runs) -> Figure:
    first, alive = clamp.arms
    is_stuck = _is_stuck(clamp)
    groups: Mapping[str, Any] = {
        _STUCK: (first, is_stuck),
        _MOVING: (first, ~is_stuck),
        "alive": (alive, np.ones(len(is_stuck), bool)),
    }
    rows = []
    for name, (arm, which) in groups.items():
        cells = [cell for cell in clamp.cells if cell.arm == arm]
        curves = np.array([clamp.outcomes[cell.key].history["valid_rmse"] for cell in cells])
        if which.any():
            mean, low, high = (f(curves[which], axis=0) for f in (np.mean, np.min, np.max))
            rows += [
                (name, epoch + 1, mean[epoch], low[epoch], high[epoch], int(which.sum()))
                for epoch in range(curves.shape[1])
            ]
    return line_chart(rows, "clamp", y=SCORE, x_title="epochs", series_title="start", log_y=True)
