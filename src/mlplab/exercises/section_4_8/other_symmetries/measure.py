"""One number per seed: whether units that started equal still are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_8.other_symmetries.networks import AXES
from mlplab.exercises.section_4_8.other_symmetries.spreads import (
    APART,
    Array,
    rounding_spreads,
    trained_spreads,
)
from mlplab.experiment import Runs

_MOST = 0.5


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Count the seeds whose units are equal, or apart."""
    found = trained_spreads(runs["units"])
    rounded = rounding_spreads(runs["rounding"])
    last = max(epochs for _, epochs in rounded)

    def counted(key: str, cases: Array, what: str) -> Measured:
        return measured(key, cases - _MOST, 0.1, "higher", what, cases="share", less=_MOST)

    others = [found[kind, "equal"] == 0 for kind in AXES if kind != "channels"]
    apart = [found[kind, "dropout"] > APART for kind in AXES]
    equal, away = "share of seeds with equal units", "share of seeds with units apart"
    return (
        counted("channels", (found["channels", "equal"] == 0).astype(float), equal),
        counted("others", np.all(others, axis=0).astype(float), equal),
        counted("dropout", np.all(apart, axis=0).astype(float), away),
        counted("rounding", (rounded["hidden units", last] > APART).astype(float), away),
    )
