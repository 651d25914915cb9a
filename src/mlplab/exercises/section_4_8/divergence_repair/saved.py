"""Which of the seeds that SGD loses a remedy saves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.draw import Band
from mlplab.exercises.section_4_8.divergence_repair.design import arms
from mlplab.experiment import Runs
from mlplab.stats import clopper_pearson


def fates(runs: Runs, setting: str, name: str) -> dict[int, str]:
    """Return what came of each seed of an arm: `diverged`, `chance` or `sound`."""
    arm = runs.experiment.find(arms(setting)[name])
    outcomes = {cell.seed: runs.outcomes[cell.key] for cell in runs.cells if cell.arm == arm}
    return {
        seed: "diverged"
        if outcome.status == "diverged"
        else "chance"
        if runs.table.has_failed(outcome)
        else "sound"
        for seed, outcome in outcomes.items()
    }


def saved(runs: Runs, setting: str, name: str, of: str) -> NDArray[np.bool_]:
    """Return whether each seed that SGD lost in one way ends sound under a remedy, (K,).

    Args:
        runs: of the setting.
        setting: of the design.
        name: the remedy's.
        of: how SGD ended: `diverged` or `chance`.
    """
    lost = [seed for seed, fate in fates(runs, setting, "sgd").items() if fate == of]
    found = fates(runs, setting, name)
    return np.array([found[seed] == "sound" for seed in lost], dtype=bool)


def share_with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return a share of cases, 0 or 1 each, with its 95 % Clopper-Pearson interval.

    >>> share_with_interval([1.0] * 10)[0]
    1.0
    """
    n = len(values)
    low, high = clopper_pearson(sum(values), n)
    return sum(values) / n, float(low), float(high)


SHARE_BAND = Band(
    {
        "en": "Share and its 95 % Clopper-Pearson interval.",
        "zh": "比例及其 95 % Clopper-Pearson 区间。",
    },
    share_with_interval,
)
