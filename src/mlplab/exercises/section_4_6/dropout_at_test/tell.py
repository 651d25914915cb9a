"""What the page shows: scores over the number of samples, and how often probabilities are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_6.dropout_at_test.measure import UNSTABLE
from mlplab.exercises.section_4_6.dropout_at_test.predictions import (
    AVERAGED,
    COUNTS,
    MEASURES,
    OFF,
    SCALED,
    Predictions,
    mean_of,
    predictions,
)
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_TOLD = {"off": OFF, "scaled": SCALED, "one": mean_of(1), "mean": mean_of(AVERAGED)}
_ON = "on, mean of samples"


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs["dropout"]
    found = predictions(runs, results.profile)
    values: dict[str, Any] = {
        "n_seeds": len(found.unstable),
        "epochs": runs.experiment.base.fit.epochs,
        "n_train": n_train(runs),
        "n_test": found.n_test,
        "first_rate": CHAPTER_RATES[0],
        "second_rate": CHAPTER_RATES[1],
        "averaged": AVERAGED,
        "threshold": UNSTABLE,
        "share_unstable": float(found.unstable.mean()),
        "between_seeds": found.between_seeds,
        "mean_temperature": float(found.temperatures.mean()),
    }
    for short, way in _TOLD.items():
        for measure in MEASURES:
            values[f"{measure}_{short}"] = float(found.scores[way][measure].mean())
        values[f"over_{short}"] = float(_overconfidence(found, way).mean())
    figures = (
        _over_samples(found, "accuracy", "difference in test accuracy"),
        _over_samples(found, "nll", "difference in negative log-likelihood, nats"),
        _reliability(found),
    )
    return Findings(values, figures, {"ways": _table(found)})


def _overconfidence(found: Predictions, way: str) -> Any:
    return found.scores[way]["confidence"] - found.scores[way]["accuracy"]


def _over_samples(found: Predictions, measure: str, y: str) -> Figure:
    """Draw what each number of samples adds to the score with dropout off, paired by network."""
    constant = {OFF: OFF} if measure == "accuracy" else {OFF: OFF, SCALED: SCALED}
    ways = [(_ON, k, mean_of(k)) for k in COUNTS]
    ways += [(series, k, way) for series, way in constant.items() for k in COUNTS]
    rows = []
    for series, k, way in ways:
        gains = found.gain(measure, way).tolist()
        rows.append((series, k, *T_BAND.of(gains), len(gains)))
    return line_chart(
        rows,
        f"{measure}-by-samples",
        x_title="samples averaged",
        y=y,
        band=T_BAND,
        log_x=True,
    )


def _reliability(found: Predictions) -> Figure:
    import pandas as pd

    from mlplab.draw import calibration_chart

    frames = [pd.DataFrame(columns).assign(series=way) for way, columns in found.bins.items()]
    return calibration_chart(pd.concat(frames, ignore_index=True), name="reliability")


def _table(found: Predictions) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for way, one in found.scores.items():
        row: dict[str, Any] = {"way": way}
        row |= {measure: float(np.mean(one[measure])) for measure in MEASURES[:-1]}
        rows.append({**row, "over": float(_overconfidence(found, way).mean())})
    return pd.DataFrame(rows)
