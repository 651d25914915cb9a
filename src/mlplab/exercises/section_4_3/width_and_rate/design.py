"""Every width with every rate; the finalists get seeds of their own."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import FASHION, comparable
from mlplab.exercises.tuned import TUNING_SEEDS
from mlplab.experiment import Experiment, Runs
from mlplab.specs import BestArm, Difference, TaskRef, Threshold

_NO_TRAINING = 2.302585  # the log of ten classes: the loss of equal probabilities


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Try every width with every rate, and the source's largest rate with many seeds."""
    base = comparable(profile)
    task = TaskRef(name=FASHION, valid=0.1)
    widths = profile.pick((16, 256, 512), (16, 32, 64, 128, 256, 512))
    rates = profile.pick((0.001, 0.1, 0.5, 10.0), (1e-4, 1e-3, 0.01, 0.1, 0.3, 1.0, 10.0, 100.0))
    hot = {"net.hidden": (256,), "optim.lr": 100.0}
    above = Threshold(key="hot", arm=hot, metric="train_loss", value=_NO_TRAINING, expect="higher")
    return {
        "grid": Experiment(
            task,
            base.with_value("fit.test", "never"),
            vary={"net.hidden": [(width,) for width in widths], "optim.lr": rates},
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        ),
        "hot": Experiment(task, base, arms=[hot], seeds=seeds or profile.n_seeds, claims=(above,)),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the grid's best settings and the published one with fresh seeds."""
    grid = runs["grid"]
    sound = [one for one in grid.summary("valid_accuracy") if not one.n_failed]
    ranked = sorted((one for one in sound if one.mean == one.mean), key=lambda one: -one.mean)
    published = {"net.hidden": 256, "optim.lr": 0.1}
    best = [dict(one.factors) for one in ranked[: profile.pick(2, 4)]]
    arms = [published, *(arm for arm in best if arm != published)]
    claims = (
        BestArm(key="best", arm=published, arms=tuple(arms), metric="valid_accuracy"),
        Difference(key="better", arm=arms[1], baseline=published, expect="higher"),
    )
    return {
        "finalists": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            grid.experiment.base.with_value("fit.test", "end"),
            arms=arms,
            seeds=seeds or profile.n_seeds,
            claims=claims,
        )
    }
