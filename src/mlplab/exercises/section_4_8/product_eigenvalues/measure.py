"""One number per draw, or per seed, for each claim about growth with depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_8.product_eigenvalues.design import DEPTHS, layer_factor
from mlplab.exercises.section_4_8.product_eigenvalues.growth import (
    condition_numbers,
    gradients,
    growth_beside_theory,
)
from mlplab.experiment import Runs

_CLAIMS = {"small": "normal:0.01", "xavier": "xavier", "he": "he", "large": "normal:0.5"}
FLOAT64_DIGITS = 15.65


def n_draws(profile: Profile) -> int:
    """Return how many products are drawn."""
    return profile.pick(20, 100, 300)


@one_thread
def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare products and gradients with what is predicted."""
    conditions = condition_numbers(n_draws(profile))["gaussian"]
    per_layer = {
        key: _per_layer(runs["gradients"], init) - np.log10(layer_factor(init))
        for key, init in _CLAIMS.items()
    }
    return (
        measured(
            "newman", growth_beside_theory(n_draws(profile)), 0.02, "same", "log of growth a factor"
        ),
        measured(
            "ill",
            conditions[:, -1] - FLOAT64_DIGITS,
            1.0,
            "higher",
            "log10 of the condition number, less the digits of float64",
        ),
        *(
            measured(key, values, 0.05, "same", "log10 of a ratio")
            for key, values in per_layer.items()
        ),
    )


def _per_layer(runs: Runs, init: str) -> np.ndarray:
    """How much log10 of the gradient changes with each further layer, (S,)."""
    found = gradients(runs, init)
    return np.asarray((found[:, -1] - found[:, 0]) / (DEPTHS[-1] - DEPTHS[0]))
