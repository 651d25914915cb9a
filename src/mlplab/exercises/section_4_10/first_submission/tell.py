"""What the linear model's runs tell: values for the text, figures, tables, and a submission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_10.first_submission.measure import (
    AT_EPOCH,
    CONSTANT,
    OWN,
    PUBLISHED,
    ways,
)
from mlplab.exercises.section_4_10.folds import N_FOLDS, shared_variance
from mlplab.exercises.section_4_10.scores import (
    LOG_BAND,
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
from mlplab.exercises.section_4_10.tables import houses, published_features
from mlplab.stats import mean_interval

if TYPE_CHECKING:
    from mlplab.draw import Figure

_PRINTED = 0.171037
"""What the source prints for these settings by 5 folds (there under 4.10.3)."""
_COMPARED = ("constant", "leak", "enough")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows, and write the submission."""
    scores, published = ways(results.runs), results.runs["as published"]
    at_100 = scores[PUBLISHED]
    corrected, naive = fold_interval(at_100), mean_interval(at_100)
    whole = results.runs["submission"]
    features = published_features(True)
    outputs = ensemble_outputs(whole, features[len(houses().prices) :], results.progress)
    prices = mean_price(outputs, lambda one: one)
    content, n_rows = submission(prices)
    epochs = np.array(
        [published.outcomes[c.key].history["valid_house_score"] for c in published.cells]
    )
    values: dict[str, Any] = {
        "n_folds": len(at_100),
        "k": N_FOLDS,
        "n_rows": len(houses().prices),
        "n_features": features.shape[1],
        "score_constant": float(scores[CONSTANT].mean()),
        "score": float(corrected.mean),
        "low": float(corrected.low),
        "high": float(corrected.high),
        "naive_low": float(naive.low),
        "naive_high": float(naive.high),
        "wider": float(corrected.se / naive.se),
        "shared": shared_variance(),
        "worst": float(at_100.max()),
        "least": float(at_100.min()),
        "own": float(scores[OWN].mean()),
        "later": float(epochs[:, -1].mean()),
        "at_epoch": AT_EPOCH,
        "n_epochs": epochs.shape[1],
        "printed": _PRINTED,
        "n_submitted": n_rows,
        "n_members": len(outputs),
        "lowest_price": float(prices.min()),
        "median_price": float(np.median(prices)),
        "highest_price": float(prices.max()),
    }
    differences = fold_differences(results, _COMPARED, "differences")
    figures = (differences, fold_strips(scores, "folds"), _curve(epochs))
    return Findings(values, figures, {"scores": score_table(scores)}, {NAME: content})


def _curve(epochs: Array) -> Figure:
    shown = range(5, epochs.shape[1] + 1, 5)
    rows = [(PUBLISHED, e, *LOG_BAND.of(epochs[:, e - 1].tolist()), len(epochs)) for e in shown]
    return line_chart(rows, "epochs", y=SCORE, x_title="epochs", band=LOG_BAND, log_y=True)
