"""Each arm on its own: mean over seeds, interval, failed runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplab.data import Task
from mlplab.experiment.arms import Arm
from mlplab.experiment.metrics import rows_scored
from mlplab.experiment.outcome_table import OutcomeTable
from mlplab.specs.metric_range import shown_interval
from mlplab.stats import mean_interval


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """One arm's mean over the seeds on which it finished.

    Attributes:
        arm: its label.
        factors: its factor values.
        mean: NaN if every run failed.
        interval: 95 % t interval of the mean over fresh seeds, ended where the metric's values
            end; None under two finished runs.
        n_seeds: finished runs.
        n_failed: runs that diverged, left out of the mean.
    """

    arm: str
    factors: Mapping[str, Any]
    mean: float
    interval: tuple[float, float] | None
    n_seeds: int
    n_failed: int


def summarise(
    table: OutcomeTable, arms: Sequence[Arm], metric: str, task: Task
) -> tuple[ArmSummary, ...]:
    """Summarise arms that have at least one run."""
    out = []
    for arm in arms:
        data = table.select([arm], metric)
        if not data.seeds:
            continue
        values, failed = data.values[0], data.failed[0]
        grid = rows_scored(metric, arm.run.replace(seed=data.seeds[0]), task)
        found = mean_interval(values[~failed], n_test=grid)
        mean, interval = float(found.mean), None
        if found.n_seeds > 1:
            interval = shown_interval(metric, mean, float(found.low), float(found.high))
        n_failed = int(failed.sum())
        out.append(ArmSummary(arm.label, arm.factors, mean, interval, found.n_seeds, n_failed))
    return tuple(out)
