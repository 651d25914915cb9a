"""In which runs the training loss spikes, and whether the validation loss rises late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Expect, Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.more_epochs.courses import (
    Array,
    courses,
    has_spike,
    largest_rise,
    late_rise,
)
from mlplab.exercises.section_4_6.more_epochs.design import RATE, SMALL_RATE, arm
from mlplab.experiment import Runs


@np.errstate(invalid="ignore")  # inf - inf: both runs diverged
def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per seed for each claim about the course of a loss."""
    epochs = runs["epochs"]

    def losses(factors: Mapping[str, Any], metric: str = "train_loss") -> Array:
        return courses(epochs, metric, factors)

    def most(key: str, cases: NDArray[np.bool_], expect: Expect) -> Measured:
        metric = "share of seeds with a spike less 0.5"
        return measured(key, cases - 0.5, 0.1, expect, metric, cases="share", less=0.5)

    without, within = losses(arm(RATE, False)), losses(arm(RATE, True))
    clipped = arm(RATE, False, clip=True)
    smaller = np.log10(largest_rise(within)) - np.log10(largest_rise(without))
    lost = np.isnan(smaller)
    return (
        most("spikes", has_spike(without), "higher"),
        most("calm", has_spike(within), "lower"),
        measured(
            "smaller",
            np.where(lost, 0.0, smaller),
            0.1,
            "lower",
            "log10 of largest rise",
            all_failed=int(lost.sum()),
        ),
        most(
            "neither",
            has_spike(losses(arm(SMALL_RATE, False))) | has_spike(losses(arm(SMALL_RATE, True))),
            "lower",
        ),
        most("clipped", has_spike(losses(clipped)), "lower"),
        measured(
            "overfits",
            late_rise(losses(clipped, "valid_loss")),
            0.01,
            "higher",
            "rise of validation loss",
        ),
    )
