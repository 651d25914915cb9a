"""How images are moved is chosen on validation rows; then the recipe with and without it."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.record.augmented.moves import BESIDE, FLIPS, SHIFTS, chosen_moves
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
    """Compare the recipe with the chosen moves and without any, on fresh seeds."""
    moved = chosen_moves(runs)

    def above(key: str, value: float) -> Threshold:
        return Threshold(key=key, arm=moved, value=value, expect="higher", matters=MATTERS)

    return {
        "compared": Experiment(
            WHOLE,
            sized(RECIPE, profile),
            arms=[{}, moved],
            seeds=fresh_seeds(seeds or profile.pick(8, 10, 30)),
            claims=(
                Difference(key="gain", arm=moved, baseline={}, expect="higher", matters=MATTERS),
                above("bar", BAR),
                above("stretch", STRETCH),
            ),
        )
    }
