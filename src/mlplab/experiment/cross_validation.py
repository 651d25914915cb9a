"""Arms scored over the folds or splits that a design varies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm, show_value
from mlplab.experiment.results import Results
from mlplab.specs import holds_out
from mlplab.specs.metric_range import shown_interval
from mlplab.stats import cross_validated_interval


@dataclass(frozen=True, eq=False, slots=True)
class CrossValidated:
    """One setting's score over folds or splits.

    Attributes:
        arm: the setting in words, without its rows.
        factors: its factor values, without its rows.
        mean: over folds; NaN if every run failed.
        interval: 95 %, for new rows of the same kind, ended where the metric's values end; None
            under two folds.
        values: of each fold, the mean over seeds, (J,); NaN where every seed failed.
        shared: held-out over training rows, the variance that more folds do not shrink.
        n_failed: runs that diverged, left out of the means.
    """

    arm: str
    factors: Mapping[str, Any]
    mean: float
    interval: tuple[float, float] | None
    values: NDArray[np.float64]
    shared: float
    n_failed: int


def cross_validate(results: Results, metric: str) -> tuple[CrossValidated, ...]:
    """Score every setting of a design that varies `rows`; see `Runs.cross_validated`."""
    if not metric.startswith("valid_"):
        raise ConfigError(f"cross_validated: expected a valid_* metric; got {metric!r}")
    settings: dict[tuple[tuple[str, Any], ...], list[Arm]] = {}
    for arm in results.arms:
        if "rows" not in arm.factors or not holds_out(arm.run.rows):
            raise ConfigError(
                f"cross_validated: arm {arm.label!r} is not of a fold; vary rows over folds(5) "
                "or splits(10)"
            )
        rest = tuple(item for item in arm.factors.items() if item[0] != "rows")
        settings.setdefault(rest, []).append(arm)
    return tuple(_score(results, dict(rest), arms, metric) for rest, arms in settings.items())


def _score(
    results: Results, factors: Mapping[str, Any], arms: list[Arm], metric: str
) -> CrossValidated:
    data = results.table.select(arms, metric)
    sums = np.where(data.failed, 0.0, data.values).sum(axis=1)
    n_sound = (~data.failed).sum(axis=1)
    values = np.divide(sums, n_sound, out=np.full(len(arms), np.nan), where=n_sound > 0)
    # Folds have the same sizes whichever seed asks.
    seed = data.seeds[0]
    parts = [results.experiment.data.split(seed, arm.run.rows) for arm in arms]
    n_train = round(float(np.mean([len(part.train) for part in parts])))
    n_held = round(float(np.mean([len(part.valid) for part in parts])))
    sound = values[np.isfinite(values)]
    interval = None
    if len(sound) > 1:
        accuracy = metric.endswith("_accuracy")
        found = cross_validated_interval(sound, n_train, n_held, accuracy=accuracy)
        mean = float(found.mean)
        interval = shown_interval(metric, mean, float(found.low), float(found.high))
    label = " ".join(f"{path.rsplit('.', 1)[-1]}={show_value(v)}" for path, v in factors.items())
    return CrossValidated(
        label or "base",
        factors,
        float(sound.mean()) if len(sound) else float("nan"),
        interval,
        values,
        n_held / n_train,
        int(data.failed.sum()),
    )
