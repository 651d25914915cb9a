"""Dropout and weight decay, alone and together: as published, and at strengths of their own.

What is tuned has a falling rate: at the published one, small effects drown in noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.falling_rate import falling
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES, base
from mlplab.exercises.source_setting import FASHION
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Claim, Difference, Interaction, Run, TaskRef

Arm = dict[str, Any]

SOURCE_DECAY = 1e-4
ALONE = ("dropout alone", "decay alone")
TUNED = (*ALONE, "both")
"""What is tuned."""

_TASK = TaskRef(name=FASHION, valid=0.1)


def arm(dropout: Any, decay: float) -> Arm:
    """Return the arm of dropout rates, one for both layers or one for each, and a decay."""
    return {"net.dropout": dropout, "optim.weight_decay": decay}


NONE = arm(0.0, 0.0)
"""Neither."""
PUBLISHED = {
    "none": NONE,
    "dropout": arm(CHAPTER_RATES, 0.0),
    "decay": arm(0.0, SOURCE_DECAY),
    "both": arm(CHAPTER_RATES, SOURCE_DECAY),
}
"""What the source trains, and what it leaves out: neither."""


def rates_tried(profile: Profile) -> tuple[float, ...]:
    """Return the dropout rates of both layers among which seeds of their own choose."""
    return profile.pick((0.2, 0.5, 0.7), (0.1, 0.2, 0.3, 0.5, 0.7))


def decays_tried(profile: Profile) -> tuple[float, ...]:
    """Return the decays among which seeds of their own choose."""
    return profile.pick((1e-4, 1e-3, 1e-2), (1e-5, 1e-4, 3e-4, 1e-3, 3e-3))


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the source's arms and a grid, and find the strengths on validation rows."""
    calm = falling(_base(profile))
    rates, decays = rates_tried(profile), decays_tried(profile)

    def tuned(rates: tuple[float, ...], decays: tuple[float, ...]) -> Experiment:
        return Experiment(
            _TASK,
            calm.with_value("fit.test", "never"),
            vary={"net.dropout": rates, "optim.weight_decay": decays},
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        )

    return {
        "published": Experiment(
            TaskRef(name=FASHION),
            _base(profile).with_value("fit.last_batch", "keep"),
            arms=list(PUBLISHED.values()),
            # At the constant rate of the source, accuracies spread widely.
            seeds=seeds or profile.pick(8, 20, 60),
            claims=_claims("", **PUBLISHED, joint=PUBLISHED["both"]),
        ),
        "grid": Experiment(
            _TASK,
            calm,
            vary={
                "net.dropout": profile.pick((0.0, 0.5), (0.0, 0.2, 0.5)),
                "optim.weight_decay": profile.pick((0.0, 1e-3), (0.0, 1e-4, 1e-3)),
            },
            seeds=seeds or profile.n_seeds,
        ),
        **dict(
            zip(
                TUNED,
                (tuned(rates, (0.0,)), tuned((0.0,), decays), tuned(rates, decays)),
                strict=True,
            )
        ),
    }


def chosen(runs: Mapping[str, Runs]) -> dict[str, Arm]:
    """Return what validation rows chose of dropout alone, of decay alone, and of both."""
    return {name: next(iter(best_per_level(runs[name], []).values())) for name in TUNED}


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the strengths that were chosen, each alone and both together."""
    found = chosen(runs)
    dropout, decay = (found[name] for name in ALONE)
    both = arm(dropout["net.dropout"], decay["optim.weight_decay"])
    arms = {"none": NONE, "dropout": dropout, "decay": decay, "both": both}
    joint = found["both"]
    return {
        "own strength": Experiment(
            _TASK,
            falling(_base(profile)),
            arms=[*arms.values(), *([joint] if joint != both else [])],
            seeds=seeds or profile.n_seeds,
            claims=_claims("own_", **arms, joint=joint),
        )
    }


def _base(profile: Profile) -> Run:
    """As the source has it, biases do not decay."""
    return base(profile).with_value("optim.decay_biases", False)


def _claims(
    prefix: str, *, none: Arm, dropout: Arm, decay: Arm, both: Arm, joint: Arm
) -> tuple[Claim, ...]:
    def higher(key: str, one: Arm, other: Arm) -> Difference:
        return Difference(key=prefix + key, arm=one, baseline=other, expect="higher")

    return (
        higher("beats_dropout", joint, dropout),
        higher("beats_decay", joint, decay),
        Interaction(
            key=f"{prefix}add",
            both=both,
            only_a=dropout,
            only_b=decay,
            neither=none,
            expect="same",
        ),
        higher("dropout", dropout, none),
        higher("decay", decay, none),
    )
