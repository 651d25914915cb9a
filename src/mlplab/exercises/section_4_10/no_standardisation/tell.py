"""What the ways without standardisation tell: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_10.folds import own_fold
from mlplab.exercises.section_4_10.no_standardisation.design import RAW, STANDARDISED
from mlplab.exercises.section_4_10.no_standardisation.measure import (
    LAST,
    diverged,
    jumps,
    raw_arm,
)
from mlplab.exercises.section_4_10.no_standardisation.prove import curvature
from mlplab.exercises.section_4_10.scores import (
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

_PRINTED, _PRINTED_TRAIN = 0.917394, 1.143458
"""The source's score by 5 folds without standardisation: held out, and of training rows."""
_RAW, _STANDARD = "raw", "scaled"
_COMPARED = ("higher", "falling", "huber")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs
    scores = _ways(runs)
    adam_raw, adam_standard = scores[f"{_RAW}, Adam 5"], scores[f"{_STANDARD}, Adam 5"]
    sound = {name: one for name, one in scores.items() if np.isfinite(one).all()}
    means = {name: float(one.mean()) for name, one in sound.items()}
    best = min((name for name in means if name.startswith(_RAW)), key=means.__getitem__)
    numbers = houses().features.select_dtypes("number")
    values: dict[str, Any] = {
        "n_folds": len(adam_raw),
        "printed": _PRINTED,
        "printed_train": _PRINTED_TRAIN,
        "last": LAST,
        "raw": float(adam_raw.mean()),
        "raw_least": float(adam_raw.min()),
        "raw_most": float(adam_raw.max()),
        "standard": float(adam_standard.mean()),
        "standard_least": float(adam_standard.min()),
        "standard_most": float(adam_standard.max()),
        "with_falling": means[f"{_RAW}, Adam 5, falling"],
        "with_huber": means[f"{_RAW}, Adam 5, Huber"],
        "with_absolute": means[f"{_RAW}, Adam 5, absolute"],
        "sgd": float(np.nanmean(scores[f"{_RAW}, SGD 1e-9"])),
        "sgd_standard": float(np.nanmean(scores[f"{_STANDARD}, SGD 0.01"])),
        "n_diverged": int(diverged(runs["raw"], raw_arm(runs, "SGD 1e-8")).sum()),
        "best_raw": means[best],
        "best_raw_name": best.removeprefix(f"{_RAW}, "),
        "largest": float(numbers.max().max()),
        # A held-out house that is priced below 1 counts as 1.
        "one_house": float(np.log(houses().prices).mean() / np.sqrt(own_fold().valid)),
        "jumps_raw": float(jumps(runs["raw"], raw_arm(runs, "Adam 5")).mean()),
        "jumps_standard": float(jumps(runs["standardised"], runs["standardised"].arms[0]).mean()),
    }
    for name, found in (("raw", curvature(False)), ("standard", curvature(True))):
        values |= {f"{name}_{key}": value for key, value in found.items()}
    differences = fold_differences(results, _COMPARED, "differences")
    figures = (differences, fold_strips(scores, "ways", log=True), _course(runs))
    return Findings(values, figures, {"scores": score_table(scores)})


def _ways(runs: Mapping[str, Runs]) -> dict[str, Array]:
    """Return the scores on each fold, by features and optimiser."""
    parts = (("raw", _RAW, RAW), ("standardised", _STANDARD, STANDARDISED))
    return {
        f"{kind}, {name}": fold_scores(runs[key], arm)
        for key, kind, names in parts
        for name, arm in zip(names, runs[key].arms, strict=False)
    }


def _course(runs: Mapping[str, Runs]) -> Figure:
    rows = _first_fold(runs["raw"], _RAW) + _first_fold(runs["standardised"], _STANDARD)
    return line_chart(
        rows, "course", y=SCORE, x_title="epochs", series_title="features", log_y=True
    )


def _first_fold(runs: Runs, name: str) -> list[tuple[Any, ...]]:
    cell = next(one for one in runs.cells if one.arm == runs.arms[0] and one.seed == 0)
    history = runs.outcomes[cell.key].history["valid_house_score"]
    return [(name, epoch, score, np.nan, np.nan) for epoch, score in enumerate(history, 1)]
