"""One number per draw of the data for every claim about the curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_5.decay_sweep.curves import SHARED, Curve, curves
from mlplab.exercises.section_4_5.problem import Array
from mlplab.experiment import Runs

_DECADES = 0.1
_SHARE = 0.01


def n_draws(profile: Profile) -> int:
    """Return how many samples are drawn."""
    return profile.pick(50, 100, 200)


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare gaps and test losses draw by draw."""
    found = curves(n_draws(profile))
    fresh, zero, ridge, kept = (found[name] for name in ("fresh", "zero", "ridge", "kept"))

    def decades(one: Curve, other: Curve, decay: float) -> Array:
        return np.asarray(np.log10(one.at(decay)[1] / other.at(decay)[1]))

    gap, loss = "gap in variances of y", "log10 of test loss"
    closes = np.log10(fresh.gap(10.0) / fresh.gap(0.0))
    return (
        measured("closes", closes, _DECADES, "lower", "log10 gap"),
        measured("further", fresh.gap(100.0) - fresh.gap(10.0), _SHARE, "lower", gap),
        measured("remains", fresh.gap(100.0), _SHARE, "higher", gap),
        measured("kept", decades(kept, fresh, SHARED), _DECADES, "lower", loss),
        measured("fresh", decades(fresh, ridge, 1.0), _DECADES, "same", loss),
        measured("zero", decades(zero, ridge, 1.0), _DECADES, "same", loss),
        measured("fresh_at_20", decades(fresh, ridge, 20.0), _DECADES, "same", loss),
    )
