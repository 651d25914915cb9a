"""In which runs the training loss spikes, and whether the validation loss rises late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Expect, Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.more_epochs.courses import courses, has_spike, late_rise
from mlplab.exercises.section_4_6.more_epochs.design import RATE, SMALL_RATE, arm
from mlplab.experiment import Runs


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per seed for each claim about the course of a loss."""
    epochs = runs["epochs"]

    def spikes(factors: Mapping[str, Any]) -> NDArray[np.bool_]:
        return has_spike(courses(epochs, "train_loss", factors))

    def most(key: str, cases: NDArray[np.bool_], expect: Expect) -> Measured:
        metric = "share of seeds with a spike less 0.5"
        return measured(key, cases - 0.5, 0.1, expect, metric, cases="share", less=0.5)

    without, within = spikes(arm(RATE, False)), spikes(arm(RATE, True))
    either = spikes(arm(SMALL_RATE, False)) | spikes(arm(SMALL_RATE, True))
    fewer = within.astype(np.float64) - without
    clipped = arm(RATE, False, clip=True)
    late = late_rise(courses(epochs, "valid_loss", clipped))
    return (
        most("spikes", without, "higher"),
        most("calm", within, "lower"),
        measured("fewer", fewer, 0.1, "lower", "share of seeds with a spike", cases="difference"),
        most("neither", either, "lower"),
        most("clipped", spikes(clipped), "lower"),
        measured("overfits", late, 0.01, "higher", "rise of validation loss"),
    )
