"""One number per draw of the data for every claim about the remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_5.overfitting_remedies.remedies import REMEDIES, compared
from mlplab.experiment import Runs

_DECADES, _SHARE, _APART = 0.1, 0.01, 0.02


def n_draws(profile: Profile) -> int:
    """Return how many samples are drawn."""
    return profile.pick(20, 50, 200)


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare risks draw by draw."""
    found = compared(n_draws(profile))
    wide = {name: found.risks["wide", name] for name in REMEDIES}
    zero = {name: found.risks["zero", name] for name in REMEDIES}

    decades, share = "log10 of risk", "risk (share of the variance of y)"
    furthest = np.abs(found.stopped - found.ridge).max(axis=1)
    stopping = np.log10(wide["stopping"] / wide["none"])
    return (
        measured("stopping", stopping, _DECADES, "lower", decades),
        # A remedy is no remedy where ignoring the inputs predicts better.
        *(
            measured(f"wide_{name}", np.log10(wide[name] / found.mean), _DECADES, "lower", decades)
            for name in REMEDIES[1:]
        ),
        measured("start", np.log10(zero["none"] / wide["none"]), _DECADES, "lower", decades),
        *(
            measured(f"zero_{name}", zero[name] - zero["none"], _SHARE, "lower", share)
            for name in REMEDIES[1:]
        ),
        measured("ridge", furthest, _APART, "same", share),
    )
