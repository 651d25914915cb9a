"""In which runs the training loss spikes, and whether the validation loss rises late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Expect, Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.more_epochs.courses import (
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
    clipped = arm(RATE, False, clip=True)
    pairs = (arm(rate, dropout) for rate in (RATE, SMALL_RATE) for dropout in (False, True))
    losses = courses(runs["epochs"], "train_loss", [*pairs, clipped])
    without, within, small_without, small_within, short = has_spike(losses)
    smaller = np.log10(largest_rise(losses[1])) - np.log10(largest_rise(losses[0]))
    lost = np.isnan(smaller)
    (of_clipped,) = courses(runs["epochs"], "valid_loss", [clipped])

    def most(key: str, cases: NDArray[np.bool_], expect: Expect) -> Measured:
        metric = "share of seeds with a spike less 0.5"
        return measured(key, cases - 0.5, 0.1, expect, metric, cases="share", less=0.5)

    return (
        most("spikes", without, "higher"),
        most("calm", within, "lower"),
        measured(
            "smaller",
            np.where(lost, 0.0, smaller),
            0.1,
            "lower",
            "log10 of largest rise",
            all_failed=int(lost.sum()),
        ),
        most("neither", small_without | small_within, "lower"),
        most("clipped", short, "lower"),
        measured("overfits", late_rise(of_clipped), 0.01, "higher", "rise of validation loss"),
    )
