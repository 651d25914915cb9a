"""Scores of house price runs, fold by fold, and the claims made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.draw import Band, Quantity, paired_differences
from mlplab.exercises.charts import strip_chart
from mlplab.exercises.findings import Results
from mlplab.exercises.measured import Expect, Measured, measured
from mlplab.exercises.section_4_10.folds import shared_variance
from mlplab.exercises.uncertainty_bands import RANGE_BAND
from mlplab.experiment import Arm, Runs
from mlplab.stats import Interval, mean_interval

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

Array = NDArray[np.float64]

MATTERS = 0.03
"""Of a difference of log scores: three per cent, 0.005 of a usual score of 0.16."""
METRIC = "log score"
SCORE = Quantity("error (RMSE of log prices)", False)


def fold_scores(
    runs: Runs,
    arm: Arm | Mapping[str, Any] | None = None,
    metric: str = "valid_house_score",
    epoch: int | None = None,
) -> Array:
    """Return a metric of the held-out rows of each fold, (J,); NaN where the run diverged.

    Args:
        runs: of which seed s was trained on fold s.
        arm: one of the design, or factor values over the base's.
        metric: as recorded.
        epoch: from 1; None is the last.
    """
    found = runs.experiment.find({} if arm is None else arm)
    values = []
    for seed in runs.experiment.seeds:
        cell = next(one for one in runs.cells if one.arm == found and one.seed == seed)
        outcome = runs.outcomes[cell.key]
        history = outcome.history.get(metric, ())
        place = len(history) - 1 if epoch is None else epoch - 1
        sound = outcome.status != "diverged" and 0 <= place < len(history)
        values.append(history[place] if sound else np.nan)
    return np.array(values, dtype=np.float64)


def fold_interval(scores: Array) -> Interval:
    """Return the mean over folds with its 95 % interval for new rows."""
    return mean_interval(scores, shared=shared_variance())


def score_claim(key: str, scores: Array, baseline: Array, expect: Expect) -> Measured:
    """Make a claim that compares two ways' scores, paired by fold, by the difference of their logs.

    Differences of scores would hang on the one or two folds that hold the odd houses.
    """
    return fold_claim(key, np.log(scores / baseline), expect)


def fold_claim(
    key: str,
    values: Array,
    expect: Expect,
    *,
    matters: float = MATTERS,
    metric: str = METRIC,
) -> Measured:
    """Make a claim of one number per fold."""
    return measured(key, values, matters, expect, metric, shared=shared_variance())


def _band(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    found = fold_interval(np.asarray(values))
    return float(found.mean), float(found.low), float(found.high)


def _error_band(values: Sequence[float]) -> tuple[float, float, float]:
    mean, low, high = _band(values)
    return mean, max(low, 0.0), high  # no error is below 0


FOLD_BAND = Band(
    {
        "en": "Mean over folds and its 95 % interval, corrected for the training rows that folds "
        "share.",
        "zh": "各折的均值及其 95 % 区间，已按各折共用的训练样本修正。",
    },
    _error_band,
)


def _log_band(values: Sequence[float]) -> tuple[float, float, float]:
    mean, low, high = _band(np.log(values).tolist())
    return float(np.exp(mean)), float(np.exp(low)), float(np.exp(high))


LOG_BAND = Band(
    {
        "en": "Geometric mean over folds and its 95 % interval, corrected for the training rows "
        "that folds share.",
        "zh": "各折的几何平均及其 95 % 区间，已按各折共用的训练样本修正。",
    },
    _log_band,
)
"""For logarithmic axes."""


def score_table(ways: Mapping[str, Array], title: str = "way") -> pd.DataFrame:
    """Return one row per way: mean, interval, range over folds, and any folds that diverged."""
    import pandas as pd

    rows = []
    for name, scores in ways.items():
        sound = scores[np.isfinite(scores)]
        row: dict[str, Any] = {title: name}
        if len(sound):
            row["error"], row["low"], row["high"] = FOLD_BAND.of(sound.tolist())
            row["best fold"], row["worst fold"] = float(sound.min()), float(sound.max())
        row["folds"] = len(sound)
        if any(not np.isfinite(one).all() for one in ways.values()):
            row["diverged"] = len(scores) - len(sound)
        rows.append(row)
    return pd.DataFrame(rows)


def fold_strips(ways: Mapping[str, Array], name: str, *, log: bool = False) -> Figure:
    """Draw a dot per way and fold, and each way's mean with its interval for new rows.

    Args:
        ways: scores by way; those that are not finite have no dot.
        name: of the figure.
        log: on a logarithmic axis, with each way's mean and range instead.
    """
    sound = {way: scores[np.isfinite(scores)] for way, scores in ways.items()}
    band = RANGE_BAND if log else FOLD_BAND
    return strip_chart(sound, name, group="way", measure=SCORE, band=band, log=log)


def fold_differences(results: Results, keys: Sequence[str], name: str) -> Figure:
    """Draw the differences of log scores on every fold, with the intervals that decide.

    Args:
        results: with the claims' numbers by fold and their verdicts.
        keys: of the claims, in the order of the rows; the texts' words name each as `pair_KEY`.
        name: of the figure.
    """
    import pandas as pd

    values = {one.key: one.values for one in results.measured}
    verdicts = [results.verdicts[key] for key in keys]
    frames = []
    for verdict in verdicts:
        numbers = values[verdict.key]
        rows = {"claim": verdict.id, "seed": range(len(numbers)), "difference": numbers}
        frames.append(pd.DataFrame(rows))
    differences = pd.concat(frames, ignore_index=True)
    return paired_differences(
        differences[np.isfinite(differences["difference"])],
        verdicts,
        labels={verdict.id: f"pair_{verdict.key}" for verdict in verdicts},
        name=name,
        unit="fold",
    )
