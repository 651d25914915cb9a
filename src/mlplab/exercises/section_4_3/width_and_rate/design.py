"""Every width with every rate, and every depth; what is best gets seeds of its own."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import FASHION, comparable
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import BestArm, Difference, FailureDifference, TaskRef

# Six are announced; the source's code runs five, spaced evenly in their logarithm, to 100.
_ANNOUNCED, _RUN = {1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0}, {1e-4, 0.00316, 0.1, 3.16, 100.0}
_NO_TRAINING = 2.302585  # the log of ten classes: the loss of equal probabilities


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Try widths and depths with rates, and the source's largest rate with many seeds."""
    base = comparable(profile)
    task = TaskRef(name=FASHION, valid=0.1)
    widths = profile.pick((16, 256, 512), (16, 32, 64, 128, 256, 512))
    rates = profile.pick((0.001, 0.1, 0.5, 10.0), tuple(sorted(_ANNOUNCED | _RUN | {0.3})))
    hot, published = ({"net.hidden": (256,), "optim.lr": rate} for rate in (100.0, 0.1))
    return {
        "grid": Experiment(
            task,
            base.with_value("fit.test", "never"),
            vary={"net.hidden": [(width,) for width in widths], "optim.lr": rates},
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        ),
        "layers": Experiment(
            task,
            base.with_value("fit.test", "never").with_value("net.init", "he"),
            vary={
                "net.hidden": [(256,) * depth for depth in profile.pick((1, 2, 4), (1, 2, 3, 4))],
                "optim.lr": (0.03, 0.1, 0.3, 1.0),
            },
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        ),
        "hot": Experiment(
            task,
            # As the finalists are: the published setting's runs are the same ones.
            base.with_value("fit.test", "end"),
            arms=[hot, published],
            seeds=seeds or profile.n_seeds,
            claims=(FailureDifference(key="hot", arm=hot, baseline=published),),
            fails={"train_loss": _NO_TRAINING},
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train with fresh seeds the grid's best settings, the source's, and each depth's best."""
    grid = runs["grid"]
    sound = [one for one in grid.summary("valid_accuracy") if not one.n_failed]
    ranked = sorted((one for one in sound if one.mean == one.mean), key=lambda one: -one.mean)
    published, printed = ({"net.hidden": width, "optim.lr": 0.1} for width in (256, 512))
    best = [dict(one.factors) for one in ranked[: profile.pick(2, 4)]]
    others = [arm for arm in best if arm != published]
    arms = [published, *others, *([] if printed in others else [printed])]
    tried = tuple(arm for arm in arms if arm["optim.lr"] in _ANNOUNCED | _RUN)
    claims = (
        BestArm(key="best", arm=published, arms=tried, metric="valid_accuracy"),
        Difference(key="better", arm=others[0], baseline=published, expect="higher"),
        Difference(key="printed", arm=printed, baseline=published, expect="higher"),
    )
    depths = list(best_per_level(runs["layers"], ["net.hidden"]).values())
    one, two, four = depths[0], depths[1], depths[-1]
    deeper = tuple(
        Difference(key=key, arm=arm, baseline=one, expect="higher")
        for key, arm in (("two", two), ("four", four))
    )
    return {
        "finalists": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            grid.experiment.base.with_value("fit.test", "end"),
            arms=arms,
            seeds=seeds or profile.n_seeds,
            claims=claims,
        ),
        "depths": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            runs["layers"].experiment.base.with_value("fit.test", "end"),
            arms=depths,
            seeds=seeds or profile.n_seeds,
            claims=deeper,
        ),
    }
