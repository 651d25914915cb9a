"""One number per draw of the data for every claim about the ways to descend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_5.lasso_update.ways import CHECKED_AT, FLOOR, ways
from mlplab.exercises.section_4_5.problem import N_INPUTS
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

    zeros = "weights that are exactly 0"
    above = found.above["subgradient"][:, last]
    agree = found.zeros["accelerated"][:, last] - found.best_zeros
    most = found.zeros["proximal"][:, last] - half
    return (
        measured("no_zeros", found.zeros["subgradient"][:, last], 1.0, "same", zeros, step=1.0),
        measured("most", most, 1.0, "higher", f"{zeros}, less {half}", step=1.0),
        measured("above", above, 0.01, "higher", "share of the minimum"),
        measured("faster", ahead, 0.1, "lower", "log10 of the objective above its minimum"),
        measured("agree", agree, 1.0, "same", zeros, step=1.0),
    )
