"""CPU time over the gradient's, timed again and again; sharpness, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_7.second_derivatives.sharpness import sharpness
from mlplab.exercises.section_4_7.second_derivatives.timing import Timings, timings
from mlplab.experiment import Runs

# Half the step from two times to three on a logarithmic scale: nearer to one than to the other.
HALF_STEP = 0.29
_TENTH = 0.15  # log2 of 1.1, rounded up


def timings_of(profile: Profile) -> Timings:
    """Return the timings that a profile asks for."""
    return timings(profile.pick(8, 20), profile.pick(8, 24))


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per repetition, network or seed for each claim."""
    timed, found = timings_of(profile), sharpness(runs["descent"])
    counted = np.array([1 + one.further_products / one.gradient_products for one in timed.networks])
    ratio, scale = "log2 of a ratio of CPU times", "log2 of a ratio of eigenvalues"
    kept = timed.drawn[:, 2] / timed.drawn[:, 1]
    edge = np.log2(found.of_edge[:, -1]).mean(axis=0)
    rise = np.log2(found.largest[:, -1] / found.largest[:, 0]).mean(axis=0)
    apart = np.log2(found.gauss_newton / found.largest[:, -1]).mean(axis=0)
    return (
        measured("twice", np.log2(timed.chapter_ratio) - 1, HALF_STEP, "same", ratio),
        measured("deeper", np.log2(timed.in_all) - 1, HALF_STEP, "higher", ratio),
        measured("follows", np.log2(timed.in_all / counted), HALF_STEP, "same", ratio),
        measured("kept", np.log2(kept), HALF_STEP, "lower", ratio),
        measured("rises", _failed(rise), 1.0, "higher", scale),
        measured("edge", _failed(edge), _TENTH, "same", scale),
        measured("gauss_newton", _failed(apart), _TENTH, "same", scale),
    )


def _failed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Runs that diverged have no eigenvalues: infinite ranks as the worst."""
    return np.where(np.isfinite(values), values, np.inf)
