"""Divergence, sizes, condition numbers and test losses by features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Expect, Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.arms import arms_by_terms, ended, sound
from mlplab.exercises.section_4_4.feature_scaling.features import (
    MOST,
    RAW,
    REMEDIES,
    SCALED,
    arm_at,
    arms_by_terms_at,
    best_arm,
    failed,
    learned,
    rescues,
    sizes,
)
from mlplab.exercises.section_4_4.polynomial_draws import Array, n_draws
from mlplab.experiment import Runs


@np.errstate(invalid="ignore")  # inf - inf and inf / inf: all runs failed
def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per draw of the data for each claim."""
    raw, scaled = runs["raw"], runs["scaled"]
    no, yes = arms_by_terms(raw), arms_by_terms_at(scaled, 0.01)
    rescued = {k: learned(runs["rescue"], arms) for k, arms in rescues(runs["rescue"]).items()}
    losses = [ended(r, arms[4], "train_loss") for r, arms in ((raw, no), (scaled, yes))]
    own = ended(scaled, best_arm(scaled), "valid_loss")
    found = sizes(n_draws(profile))
    condition = {k: np.log10(v) for k, v in found["condition"].items()}
    rate, gradient = (
        np.log10(found[k][SCALED, MOST] / found[k][RAW, MOST]) for k in ("rate", "gradient")
    )
    standard = runs["standardised"]

    def share(
        key: str,
        cases: Array,
        what: str = "share of diverged runs",
        *,
        less: float = 0.0,
        expect: Expect = "same",
    ) -> Measured:
        metric = f"{what} less {less:g}" if less else what
        # Twenty draws cannot show "always" or "never" to one in twenty, only "most" and "few".
        matters = 0.05 if expect == "same" else 0.1
        return sound(key, cases - less, matters, expect, metric, cases="share", less=less)

    def learns(key: str, way: str) -> Measured:
        return share(key, rescued[way], "share of draws", less=1)

    def conditions(key: str, one: str, other: str) -> Measured:
        ratio = condition[one, MOST] - condition[other, MOST]
        return sound(key, ratio, 0.5, "lower", "log10 of condition number")

    def held_out(name: str) -> Measured:
        here = ended(runs[name], best_arm(runs[name]), "valid_loss")
        key = f"lower_{name.lower()}"
        return sound(key, np.log10(here / own), 0.1, "lower", "log10 of test loss")

    four = np.log10(losses[0] / losses[1])
    return (
        share("raw", failed(raw, no[MOST]), less=0.5, expect="higher"),
        share("scaled", failed(scaled, yes[MOST]), less=0.5, expect="lower"),
        sound("four", four, 0.1, "same", "log10 of training loss"),
        learns("rates", "rates"),
        learns("adam", "Adam"),
        learns("clip", "gradient clipping"),
        share("standard", failed(standard, arm_at(standard, MOST, 0.01))),
        share("slower", failed(standard, arm_at(standard, MOST, 0.003)), less=0.5, expect="lower"),
        sound("gradient", -gradient - 4, 1.0, "higher", "log10 of gradient norm, less 4"),
        sound("stable", rate - 10, 1.0, "higher", "log10 of rate, less 10"),
        conditions("condition", SCALED, RAW),
        conditions("standard_condition", "standardised", RAW),
        conditions("legendre_condition", "Legendre", "standardised"),
        *(held_out(name) for name in REMEDIES),
    )
