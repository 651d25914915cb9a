"""One number per draw of the data for every claim about the ways to descend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_5.lasso_update.ways import CHECKED_AT, FLOOR, ways
from mlplab.exercises.section_4_5.problem import N_INPUTS, Array
from mlplab.experiment import Runs


def n_draws(profile: Profile) -> int:
    """Return how many samples are drawn."""
    return profile.pick(50, 200, 500)


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Count zeros and compare objectives draw by draw."""
    found = ways(n_draws(profile))
    last, half = CHECKED_AT[-1], N_INPUTS // 2
    ahead = np.log10(
        np.maximum(found.above["accelerated"][:, 100], FLOOR)
        / np.maximum(found.above["proximal"][:, 100], FLOOR)
    )

    def claim(
        key: str, values: Array, matters: float, expect: Any, metric: str, step: float = 0.0
    ) -> Measured:
        numbers = tuple(np.asarray(values, dtype=np.float64).tolist())
        return Measured(key, numbers, matters, expect, metric, step=step)

    zeros = "weights that are exactly 0"
    above = found.above["subgradient"][:, last]
    agree = found.zeros["accelerated"][:, last] - found.best_zeros
    most = found.zeros["proximal"][:, last] - half
    return (
        claim("no_zeros", found.zeros["subgradient"][:, last], 1.0, "same", zeros, step=1.0),
        claim("most", most, 1.0, "higher", f"{zeros}, less {half}", step=1.0),
        claim("above", above, 0.01, "higher", "share of the minimum"),
        claim("faster", ahead, 0.1, "lower", "log10 of the objective above its minimum"),
        claim("agree", agree, 1.0, "same", zeros, step=1.0),
    )
