"""Depths at two initialisations: at one rate, then each at a rate of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import FASHION, comparable
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Chain, Difference, Interaction, TaskRef, Threshold

PUBLISHED, HE = "normal:0.01", "he"
_WIDTH = 256
_METRIC, _CHANCE = "train_accuracy", 0.15
_FAILS = {_METRIC: _CHANCE}


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Add hidden layers as published and with He's initialisation, and try rates for each depth."""
    base = comparable(profile)
    depths = profile.pick((1, 2, 4), (1, 2, 3, 4))

    def layers(depth: int, init: str) -> dict[str, Any]:
        return {"net.hidden": (_WIDTH,) * depth, "net.init": init}

    def deeper(key: str, init: str) -> Chain:
        return Chain(key=key, arms=tuple(layers(depth, init) for depth in depths))

    claims = (
        deeper("deeper", PUBLISHED),
        deeper("deeper_he", HE),
        Difference(key="four", arm=layers(4, HE), baseline=layers(1, HE), expect="same"),
    )
    shallow, deep = layers(1, PUBLISHED), layers(4, PUBLISHED)
    # A run that stays at chance has no accuracy to compare, but it is what the source saw.
    as_they_ended = (
        Difference(key="counted", arm=deep, baseline=shallow, expect="lower"),
        Threshold(key="stuck", arm=deep, metric=_METRIC, value=_CHANCE, expect="lower"),
        Interaction(
            key="fault",
            both=deep,
            only_a=layers(4, HE),
            only_b=shallow,
            neither=layers(1, HE),
            metric="test_accuracy",
            expect="lower",
        ),
    )
    task = TaskRef(name=FASHION, valid=0.1)
    rates = profile.pick((0.03, 0.1, 0.3, 1.0), (0.03, 0.1, 0.3, 0.5, 1.0))
    return {
        "one rate": Experiment(
            task,
            base,
            arms=[layers(depth, init) for init in (PUBLISHED, HE) for depth in depths],
            seeds=seeds or profile.n_seeds,
            claims=claims,
            fails=_FAILS,
        ),
        "as they ended": Experiment(
            task,
            base,
            arms=[layers(depth, init) for init in (PUBLISHED, HE) for depth in (1, 4)],
            seeds=seeds or profile.n_seeds,
            claims=as_they_ended,
        ),
        "rates": Experiment(
            task,
            base.with_value("fit.test", "never"),
            vary={
                "net.init": (PUBLISHED, HE),
                "net.hidden": [(_WIDTH,) * depth for depth in depths],
                "optim.lr": rates,
            },
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the depths, each at the rate that other seeds chose for it and its weights."""
    chosen = best_per_level(runs["rates"], ["net.init", "net.hidden"])
    arms = {PUBLISHED: list[dict[str, Any]](), HE: list[dict[str, Any]]()}
    for (init, _), arm in chosen.items():
        arms[init].append(arm)
    keys = {"deeper_own_published": PUBLISHED, "deeper_own": HE}
    return {
        "own rate": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            runs["rates"].experiment.base.with_value("fit.test", "end"),
            arms=[*arms[PUBLISHED], *arms[HE]],
            seeds=seeds or profile.n_seeds,
            claims=tuple(Chain(key=key, arms=tuple(arms[init])) for key, init in keys.items()),
            fails=_FAILS,
        )
    }
