"""How much replaced classes raise the peak, and how the error of one width goes with epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.beyond.double_descent.design import NARROW, THRESHOLD, WIDE
from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.experiment import Runs

Array = NDArray[np.float64]
MATTERS = 0.005
BEST, PEAK, LAST = (16, 25), (281, 320), (762, 801)
"""Epochs, from and below, whose mean error is compared."""


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare errors seed by seed."""
    course = errors(runs["long"], WIDE)
    best, peak, last = (course[:, slice(*part)].mean(axis=1) for part in (BEST, PEAK, LAST))
    return (
        _claim("higher_peak", peak_height(runs["many"]) - peak_height(runs["none"])),
        _claim("epoch_rise", peak - best),
        _claim("epoch_fall", peak - last),
    )


def errors(runs: Runs, width: int) -> Array:
    """Return the test error of one width, (seeds, epochs + 1); before the first it is NaN."""
    label = runs.experiment.find({"net.hidden": width}).label
    frame = runs.frame()
    table = frame[frame["arm"] == label].pivot(
        index="seed", columns="epoch", values="test_accuracy"
    )
    epochs = range(runs.experiment.base.fit.epochs + 1)
    return np.asarray(1 - table.reindex(columns=epochs), dtype=np.float64)


def peak_height(runs: Runs) -> Array:
    """Return the error at the threshold less the mean of those on both sides of it, (seeds,)."""
    narrow, peak, wide = (errors(runs, width)[:, -1] for width in (NARROW, THRESHOLD, WIDE))
    return np.asarray(peak - (narrow + wide) / 2)


def _claim(key: str, values: Array) -> Measured:
    return measured(key, values, MATTERS, "higher", "test_error_rate")
