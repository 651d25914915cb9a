"""How images are moved is chosen on validation rows, then compared with not moving them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.record.augmented.moves import (
    BESIDE,
    FLIPS,
    NO_OTHER_NOISE,
    SHIFTS,
    best_moves,
)
from mlplab.exercises.record.recipe import RECIPE, WHOLE, blind, fresh_seeds, held_out, sized
from mlplab.exercises.tuned import TUNING_SEEDS
from mlplab.experiment import Experiment, Runs
from mlplab.experiment.arms import apply_factors
from mlplab.specs import Difference, Threshold

LEAVES = ("compared",)
"""The recipe's runs are members of ensembles: without weights they would be trained again."""

BAR, STRETCH = 0.917, 0.922
MATTERS = 0.001


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Try every shift, mirrored or not, beside the recipe's noise and alone, half as long."""
    recipe = sized(RECIPE, profile)
    shorter = recipe.with_value("fit.epochs", max(1, recipe.fit.epochs // 2))
    return {
        name: Experiment(
            held_out(profile),
            blind(apply_factors(shorter, changes)),
            vary={"fit.shift": SHIFTS, "fit.flip": FLIPS},
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        )
        for name, changes in BESIDE.items()
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the chosen moves with the recipe, and by themselves with no noise of any kind."""
    name, moves = best_moves(runs)
    alone = {**NO_OTHER_NOISE, **moves}
    moved = {**BESIDE[name], **moves}

    def above(key: str, value: float) -> Threshold:
        return Threshold(key=key, arm=moved, value=value, expect="higher", matters=MATTERS)

    def better(key: str, arm: Mapping[str, Any], baseline: Mapping[str, Any]) -> Difference:
        return Difference(key=key, arm=arm, baseline=baseline, expect="higher", matters=MATTERS)

    return {
        "compared": Experiment(
            WHOLE,
            sized(RECIPE, profile),
            arms=[{}, NO_OTHER_NOISE, alone, *([moved] if moved != alone else [])],
            seeds=fresh_seeds(seeds or profile.pick(8, 10, 30)),
            claims=(
                better("gain", moved, {}),
                better("alone", alone, NO_OTHER_NOISE),
                better("noise", {}, NO_OTHER_NOISE),
                above("bar", BAR),
                above("stretch", STRETCH),
            ),
        )
    }
