"""The source's rates and its decay; rates that some seeds choose and others compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import AS_PUBLISHED, FASHION, comparable
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Chain, Difference, First, TaskRef

_DECAYS = (
    "exponential:0.9",
    "step:3,0.5",
    "cosine",
    "polynomial:1",
    "one-cycle",
    "plateau:0,0.5",
    "exponential:0.98",
)
SOURCE_RATES = (1.0, 0.1, 0.01, 0.001)
SOURCE_DECAY = {"optim.lr": 0.1, "optim.schedule": "exponential:0.98"}
SOURCE_EPOCHS = 20
_LOSS = "train_loss"


def constant(rate: float) -> dict[str, Any]:
    """Return an arm whose rate does not change."""
    return {"optim.lr": rate, "optim.schedule": "constant"}


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Run the source's rates and its decay; sweep constant and decaying rates to choose."""
    n_seeds = seeds or profile.n_seeds
    published = AS_PUBLISHED.with_value("fit.epochs", SOURCE_EPOCHS)
    # The quick profile keeps the source's epochs and takes fewer rows.
    quick = published.with_value("rows", First(n=source_setting.QUICK_ROWS // 4))
    first = comparable(profile).with_value("fit.epochs", 1)
    rates_only = tuple(constant(rate) for rate in SOURCE_RATES)
    largest, usual, *_ = rates_only
    at_first = (
        Chain(key="faster", arms=rates_only[1:], metric=_LOSS, expect="lower", matters=0.01),
        Difference(
            key="fastest", arm=largest, baseline=usual, metric=_LOSS, expect="lower", matters=0.01
        ),
    )
    decay_source = Difference(
        key="decay_source", arm=SOURCE_DECAY, baseline=constant(0.1), expect="higher"
    )
    base = comparable(profile).with_value("fit.test", "never")
    task = TaskRef(name=FASHION, valid=0.1)
    rates = profile.pick(
        (0.003, 0.03, 0.1, 0.3, 1.0), (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
    )
    decays = profile.pick(("cosine", "one-cycle", "plateau:0,0.5"), _DECAYS)
    high = profile.pick((0.1, 0.3, 1.0), (0.03, 0.1, 0.3, 0.5, 1.0))
    choosing = TUNING_SEEDS[: profile.pick(1, 3)]
    return {
        "first epoch": Experiment(task, first, arms=rates_only, seeds=n_seeds, claims=at_first),
        "source": Experiment(
            TaskRef(name=FASHION),
            profile.pick(quick, published),
            arms=[*rates_only, SOURCE_DECAY],
            seeds=n_seeds,
            claims=(decay_source,),
        ),
        "constant": Experiment(task, base, vary={"optim.lr": rates}, seeds=choosing),
        "decaying": Experiment(
            task, base, vary={"optim.schedule": decays, "optim.lr": high}, seeds=choosing
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare what was chosen, and rates that follow from it."""
    (steady,) = best_per_level(runs["constant"], []).values()
    (decaying,) = best_per_level(runs["decaying"], []).values()
    rate = float(steady["optim.lr"])

    def arm(rate: float, schedule: str) -> dict[str, Any]:
        return {"optim.lr": rate, "optim.schedule": schedule}

    best = constant(rate)
    compared = {
        "decay": (arm(decaying["optim.lr"], decaying["optim.schedule"]), "higher"),
        "cosine": (arm(3 * rate, "cosine"), "higher"),
        "warm": (arm(rate, "warmup:1"), "same"),
        "small": (constant(rate / 100), "lower"),
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
