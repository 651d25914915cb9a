"""Runs that search, the recipe on fresh seeds, on permuted pixels, and part by part."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.record.permutation_invariant.parts import without_each
from mlplab.exercises.record.permutation_invariant.rounds import ROUNDS
from mlplab.exercises.record.permutation_invariant.search import arms
from mlplab.exercises.record.recipe import (
    PERMUTED,
    RECIPE,
    SEARCH_SEEDS,
    SHORT,
    WHOLE,
    blind,
    fresh_seeds,
    held_out,
    sized,
    sized_changes,
)
from mlplab.exercises.source_setting import FASHION
from mlplab.exercises.tuned import TUNING_SEEDS
from mlplab.experiment import Experiment
from mlplab.specs import TaskRef, Threshold

LEAVES = ("recipe",)
"""Ensembles are made of these runs: without their weights they would be trained again."""

BAR, STRETCH = 0.913, 0.917
MATTERS = 0.001
_PART_SEEDS = 5
_PERMUTED_SEEDS = 12
_LOOKED = 7
"""Seeds of the recipe whose test accuracy was seen before bins were tried."""

BINS_SEEDS = range(2)
"""Of the last choice, between grey levels as they are and in bins."""


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Search and take apart on validation rows; score the recipe on the test split once."""
    first, recipe = sized(SHORT, profile), sized(RECIPE, profile)
    shorter = recipe.with_value("fit.epochs", max(1, recipe.fit.epochs // 2))
    pixels = held_out(profile, bins=1)
    part_seeds = TUNING_SEEDS[: min(seeds or _PART_SEEDS, _PART_SEEDS)]
    fresh = fresh_seeds(seeds or profile.pick(8, 20, 30))

    def above(key: str, value: float) -> Threshold:
        return Threshold(key=key, arm={}, value=value, expect="higher", matters=MATTERS)

    return {
        "search": Experiment(pixels, blind(first), arms=arms(first), seeds=SEARCH_SEEDS),
        **{
            name: Experiment(
                pixels,
                blind(sized(tried.start, profile)),
                arms=[{}, *(sized_changes(changes, profile) for changes in tried.changes)],
                seeds=SEARCH_SEEDS,
            )
            for name, tried in ROUNDS.items()
        },
        "levels": Experiment(pixels, blind(recipe), seeds=BINS_SEEDS),
        "bins": Experiment(held_out(profile), blind(recipe), seeds=BINS_SEEDS),
        "recipe": Experiment(
            WHOLE, recipe, seeds=fresh, claims=(above("bar", BAR), above("stretch", STRETCH))
        ),
        "before bins": Experiment(
            TaskRef(name=FASHION), recipe, seeds=fresh[: profile.pick(2, _LOOKED)]
        ),
        "permuted": Experiment(PERMUTED, recipe, seeds=fresh[:_PERMUTED_SEEDS]),
        "parts": Experiment(
            held_out(profile),
            blind(shorter),
            arms=[{}, *without_each(shorter).values()],
            seeds=part_seeds,
        ),
        "without bins": Experiment(pixels, blind(shorter), seeds=part_seeds),
    }
