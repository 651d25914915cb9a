"""Constant and decaying rates: some seeds choose on validation rows, others compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import FASHION, comparable
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Difference, TaskRef

_DECAYS = (
    "exponential:0.9",
    "step:3,0.5",
    "cosine",
    "polynomial:1",
    "warmup:1",
    "one-cycle",
    "plateau:0,0.5",
)


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Sweep constant and decaying rates with seeds that choose."""
    base = comparable(profile).with_value("fit.test", "never")
    task = TaskRef(name=FASHION, valid=0.1)
    rates = profile.pick(
        (0.003, 0.03, 0.1, 0.3, 1.0), (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
    )
    decays = profile.pick(("cosine", "one-cycle", "plateau:0,0.5"), _DECAYS)
    high = profile.pick((0.3, 1.0), (0.1, 0.3, 0.5, 1.0))
    choosing = TUNING_SEEDS[: profile.pick(1, 3)]
    return {
        "constant": Experiment(task, base, vary={"optim.lr": rates}, seeds=choosing),
        "decaying": Experiment(
            task, base, vary={"optim.schedule": decays, "optim.lr": high}, seeds=choosing
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare what was chosen, and rates that follow from it."""
    (constant,) = best_per_level(runs["constant"], []).values()
    (decaying,) = best_per_level(runs["decaying"], []).values()
    rate = float(constant["optim.lr"])

    def arm(rate: float, schedule: str = "constant") -> dict[str, Any]:
        return {"optim.lr": rate, "optim.schedule": schedule}

    best = arm(rate)
    compared = {
        "decay": (arm(decaying["optim.lr"], decaying["optim.schedule"]), "higher"),
        "cosine": (arm(3 * rate, "cosine"), "higher"),
        "warm": (arm(rate, "warmup:1"), "same"),
        "small": (arm(rate / 100), "lower"),
    }
    arms = [best, *(one for one, _ in compared.values())]
    return {
        "finals": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            runs["constant"].experiment.base.with_value("fit.test", "end"),
            arms=[one for place, one in enumerate(arms) if one not in arms[:place]],
            seeds=seeds or profile.n_seeds,
            claims=tuple(
                Difference(key=key, arm=one, baseline=best, expect=expect)
                for key, (one, expect) in compared.items()
            ),
        )
    }
