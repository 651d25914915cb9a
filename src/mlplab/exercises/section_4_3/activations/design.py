"""Activations at the chapter's rate, and each at the rate that other seeds chose for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import AS_PUBLISHED, FASHION, comparable
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Chain, Difference, TaskRef, Threshold

_QUICK = ("relu", "tanh", "sigmoid", "gelu", "leaky-relu")
_ALL = ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "leaky-relu", "prelu", "softplus")
_TASK = TaskRef(name=FASHION, valid=0.1)
_STUCK = 0.5  # the loss that the source saw sigmoid end above


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare activations at the chapter's rate, and find each one's own on validation rows."""
    names = profile.pick(_QUICK, _ALL)
    rates = profile.pick((0.1, 0.3, 1.0, 3.0), (0.03, 0.1, 0.3, 1.0, 3.0))
    base = comparable(profile)

    def arm(name: str) -> dict[str, Any]:
        return {"net.activation": name}

    return {
        "same rate": Experiment(
            _TASK,
            base,
            arms=[arm(name) for name in names],
            seeds=seeds or profile.n_seeds,
            claims=(
                Chain(key="order", arms=(arm("relu"), arm("tanh"), arm("sigmoid"))),
                _above("stuck", arm("sigmoid")),
                Difference(key="gelu", arm=arm("gelu"), baseline=arm("relu"), expect="higher"),
                Difference(key="leaky", arm=arm("leaky-relu"), baseline=arm("relu"), expect="same"),
            ),
        ),
        "rates": Experiment(
            _TASK,
            base.with_value("fit.test", "never"),
            vary={"net.activation": names, "optim.lr": rates},
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the activations, each at its own rate."""
    chosen = best_per_level(runs["rates"], ["net.activation"])
    arms = {level[0]: found for level, found in chosen.items()}
    usual = {"net.activation": "relu", "optim.lr": AS_PUBLISHED.optim.lr}
    extra = [] if usual in arms.values() else [usual]
    return {
        "own rate": Experiment(
            _TASK,
            runs["rates"].experiment.base.with_value("fit.test", "end"),
            arms=[*arms.values(), *extra],
            seeds=seeds or profile.n_seeds,
            claims=(
                Chain(
                    key="own_order",
                    arms=(arms["relu"], arms["tanh"], arms["sigmoid"]),
                    metric="test_accuracy",
                ),
                _above("own_stuck", arms["sigmoid"]),
                Difference(key="own_sigmoid", arm=arms["sigmoid"], baseline=usual, expect="higher"),
            ),
        )
    }


def _above(key: str, arm: Mapping[str, Any]) -> Threshold:
    return Threshold(key=key, arm=dict(arm), metric="train_loss", value=_STUCK, expect="higher")
