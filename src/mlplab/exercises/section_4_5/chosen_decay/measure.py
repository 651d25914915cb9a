"""One number per draw of the data for every claim about the chosen lambda."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_5.chosen_decay.choices import WAYS, choices
from mlplab.exercises.section_4_5.problem import Array
from mlplab.experiment import Runs

MATTERS = 0.01
_RARE = 0.05


def n_draws(profile: Profile) -> int:
    """Return how many samples are drawn."""
    return profile.pick(200, 500, 2000)


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare risks draw by draw."""
    found = choices(n_draws(profile))
    risk = {way: found.risk(way) for way in WAYS}

    over = found.overfits("hold_out", MATTERS).astype(float)
    under = found.underfits("hold_out", MATTERS).astype(float)

    def claim(key: str, values: Array, expect: Any) -> Measured:
        metric = "regret (share of the variance of y)"
        return measured(key, values, MATTERS, expect, metric)

    def share(key: str, values: Array, expect: Any, cases: Any) -> Measured:
        return measured(key, values, _RARE, expect, "share of draws", cases=cases)

    return (
        claim("not_best", found.regret("hold_out"), "higher"),
        share("no_overfit", over, "same", "share"),
        share("too_large", under - over, "higher", "difference"),
        claim("smallest", risk["hold_out"] - risk["smallest"], "lower"),
        claim("more_data", risk["more"] - risk["hold_out"], "lower"),
        claim("one_out", risk["one_out"] - risk["hold_out"], "lower"),
        claim("folds", risk["folds"] - risk["one_out"], "same"),
    )
