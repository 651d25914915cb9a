"""A full grid of the two layers' dropout rates; what is chosen, other seeds choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.falling_rate import falling
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES, base
from mlplab.exercises.source_setting import FASHION
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Chain, Difference, Interaction, Run, TaskRef

RATES = (0.0, 0.2, 0.5, 0.7)
"""Of each layer; the source has the last three."""

_TASK = TaskRef(name=FASHION, valid=0.1)


def arm(first: float, second: float) -> dict[str, Any]:
    """Return the arm of the first and the second hidden layer's rate."""
    return {"net.dropout": (first, second)}


def n_pairs(profile: Profile) -> int:
    """Return the seeds of arms whose test accuracies are compared: these spread widely."""
    return profile.pick(8, 20, 100)


NONE = arm(0.0, 0.0)
"""No dropout."""


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the whole grid, and find the best rates with seeds of their own."""
    arms = [arm(first, second) for first in RATES for second in RATES]
    from_most = tuple(arm(rate, rate) for rate in RATES[:0:-1])
    chapter, swapped = arm(*CHAPTER_RATES), arm(*CHAPTER_RATES[::-1])
    half = arm(0.5, 0.5)

    def pairs(run: Run, prefix: str) -> Experiment:
        return Experiment(
            _TASK,
            run,
            arms=[NONE, chapter, swapped],
            seeds=seeds or n_pairs(profile),
            claims=(
                Difference(key=f"{prefix}swap", arm=swapped, baseline=chapter, expect="lower"),
                _raises(f"{prefix}chapter", chapter, NONE, "test_accuracy"),
            ),
        )

    return {
        "grid": Experiment(
            _TASK,
            base(profile),
            arms=arms,
            seeds=seeds or profile.n_seeds,
            claims=(
                Chain(key="loss", arms=from_most, metric="train_loss"),
                Chain(key="training", arms=from_most, metric="train_accuracy", expect="lower"),
                _raises("swap_loss", swapped, chapter, "train_loss"),
                Interaction(
                    key="add",
                    both=arm(0.7, 0.7),
                    only_a=arm(0.7, 0.0),
                    only_b=arm(0.0, 0.7),
                    neither=NONE,
                    metric="train_loss",
                    expect="same",
                ),
                _raises("noisy_loss", half, NONE, "train_loss"),
                _raises("clean_loss", half, NONE, "valid_loss"),
            ),
        ),
        "swap": pairs(base(profile), ""),
        "falling rate": pairs(falling(base(profile)), "falling_"),
        "choice": Experiment(
            _TASK,
            base(profile).with_value("fit.test", "never"),
            arms=[one for one in arms if one != NONE],
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the rates that were chosen with no dropout: the first seeds' runs are the grid's."""
    (chosen,) = best_per_level(runs["choice"], []).values()
    return {
        "chosen rates": Experiment(
            _TASK,
            base(profile),
            arms=[NONE, chosen],
            seeds=seeds or n_pairs(profile),
            claims=(_raises("any", chosen, NONE, "test_accuracy"),),
        )
    }


def _raises(key: str, one: Mapping[str, Any], other: Mapping[str, Any], metric: str) -> Difference:
    return Difference(key=key, arm=dict(one), baseline=dict(other), metric=metric, expect="higher")
