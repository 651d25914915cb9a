"""One number per seed: what the first layer's rate does, less what the second's does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.dropout_rates.layers import layer_steps, rate_grid
from mlplab.experiment import Runs

MATTERS = 0.005


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare the two layers, and see whether they add up."""

    def rise(metric: str) -> np.ndarray:
        first, second = layer_steps(rate_grid(runs["grid"], metric))
        return first - second

    return (
        measured("first_layer", rise("train_loss"), MATTERS, "higher", "train_loss"),
        measured("first_layer_test", -rise("test_accuracy"), MATTERS, "higher", "test_accuracy"),
    )
