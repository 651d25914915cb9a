"""Two rates at which SGD diverges, and remedies at the same rates and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.experiment import Experiment
from mlplab.specs import LARS, MLP, SGD, Difference, FailureDifference, Fit, Run, TaskRef

NO_USE = 2.0
"""A training loss above this, little below guessing's 2.30, counts as failed."""
TRUST, LARGE_TRUST = 0.001, 0.1  # the paper's, and a hundred times that
CLIP, REWINDS = 1.0, 4
_SEEDS = 20
# Setting -> rate, momentum, and a rate that works.
SETTINGS = {"momentum": (0.3, 0.9, 0.03), "plain": (1.0, 0.0, 0.1)}
REMEDIES = ("lars", "clip", "rewind", "large")


def arms(setting: str) -> dict[str, dict[str, Any]]:
    """Return the arms of a setting by name: SGD, its remedies, and SGD at a rate that works."""
    rate, momentum, low = SETTINGS[setting]
    sgd = SGD(lr=rate, momentum=momentum)

    def arm(optim: SGD | LARS, rewinds: int = 0) -> dict[str, Any]:
        return {"optim": optim, "fit.rewinds": rewinds}

    return {
        "sgd": arm(sgd),
        "lars": arm(LARS(lr=rate, momentum=momentum, trust=TRUST)),
        "clip": arm(sgd.replace(clip_norm=CLIP)),
        "rewind": arm(sgd, REWINDS),
        "large": arm(LARS(lr=rate, momentum=momentum, trust=LARGE_TRUST)),
        "low": arm(sgd.replace(lr=low)),
    }


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train each remedy on the seeds on which SGD is tried."""
    # With this measure all train in stacks: a run that rewinds is, up to there, SGD's to the bit.
    fit = Fit(epochs=profile.pick(5, 10), batch_size=64, measures=("grad_norm",))
    experiments = {}
    for setting in SETTINGS:
        of = arms(setting)
        claims: list[FailureDifference | Difference] = [
            FailureDifference(
                key=f"{name}_{setting}", arm=of[name], baseline=of["sgd"], expect="lower"
            )
            for name in REMEDIES
        ]
        claims += [
            Difference(
                key=f"{name}_accuracy_{setting}", arm=of[name], baseline=of["low"], expect="same",
                matters=0.01,
            )
            for name in ("lars", "clip")
        ]  # fmt: skip
        experiments[setting] = Experiment(
            TaskRef(name="digits"),
            Run(net=MLP(hidden=(256,) * 4), fit=fit),
            arms=list(of.values()),
            seeds=seeds or profile.pick(profile.n_seeds, _SEEDS, profile.n_seeds),
            claims=claims,
            fails={"train_loss": NO_USE},
        )
    return experiments
