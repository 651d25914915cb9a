"""One number per seed: what the first layer's rate does, less what the second's does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.dropout_rates.layers import layer_steps, rate_grid
from mlplab.experiment import Runs

MATTERS = 0.005


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare what the two layers' rates do to the training loss and to test accuracy."""

    def first_more(metric: str, sign: float) -> NDArray[np.float64]:
        first, second = layer_steps(rate_grid(runs["grid"], metric))
        more = sign * (first - second)
        # A seed with a run that failed counts against the claim.
        return np.where(np.isfinite(more), more, -np.inf)

    loss, test = "train_loss", "test_accuracy"
    return (
        measured("first_layer", first_more(loss, 1.0), MATTERS, "higher", loss),
        measured("first_layer_test", first_more(test, -1.0), MATTERS, "higher", test),
    )
