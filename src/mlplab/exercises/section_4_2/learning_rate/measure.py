"""How often the training loss rises from one epoch to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_2.learning_rate.design import SOURCE_RATES, constant
from mlplab.experiment import Runs


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return in how many epochs more the loss rises at the source's largest rate, by seed."""
    largest, usual, *_ = SOURCE_RATES
    more = rises(runs["source"], largest) - rises(runs["source"], usual)
    return [measured("bounces", more, 1.0, "higher", "epochs", step=1.0)]


def rises(source: Runs, rate: float) -> NDArray[np.float64]:
    """Return the epochs in which the training loss rose at a constant rate, one number a seed.

    A run that diverged has risen without end.
    """
    arm = source.experiment.find(constant(rate)).label
    frame = source.frame()
    by_seed = frame[frame["arm"] == arm].sort_values("epoch").groupby("seed")
    return np.array(
        [
            (one["train_loss"].diff() > 0).sum() if (one["status"] == "finished").all() else np.inf
            for _, one in by_seed
        ],
        dtype=np.float64,
    )
