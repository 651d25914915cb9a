"""Arms of the section's experiments, and what decides claims about their losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlplab.exercises.measured import Expect, Measured, measured
from mlplab.exercises.section_4_4.polynomial_draws import Array
from mlplab.experiment import Arm, Runs


def arms_by_terms(runs: Runs) -> dict[int, Arm]:
    """Return an experiment's arms by number of terms."""
    return {int(arm.run.value("net.inputs")): arm for arm in runs.arms}


def ended(runs: Runs, arm: Arm, metric: str) -> Array:
    """Return a loss at the end of every run of an arm, infinite where it diverged: (R,)."""
    return np.asarray(np.nan_to_num(runs.values(metric, [arm])[0], nan=np.inf))


def sound(
    key: str, values: Array, matters: float, expect: Expect, metric: str, **more: Any
) -> Measured:
    """Return a claim, one number per draw; NaN, where all runs compared failed, counts as 0.

    What is infinite stands for a failure of only some of them, see `Measured`, which has `more`.
    """
    failed = np.isnan(values)
    numbers = np.where(failed, 0.0, values)
    return measured(key, numbers, matters, expect, metric, all_failed=int(failed.sum()), **more)
