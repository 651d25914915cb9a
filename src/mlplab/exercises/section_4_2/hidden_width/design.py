"""Widths on the same seeds; the choice is made on validation rows, never on the test split."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.extra_runs import ExtraRuns, fresh_seeds_of_the_best
from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import AS_PUBLISHED, FASHION
from mlplab.experiment import Experiment
from mlplab.specs import BestArm, Difference, TaskRef

EXTRA_RUNS = [ExtraRuns("fresh seeds", "widths", fresh_seeds_of_the_best)]


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Sweep the width, and repeat the source's own run at 300 units."""
    widths = profile.pick((16, 64, 256, 376, 1024), (16, 32, 64, 128, 256, 300, 376, 512, 1024))
    arms = [{"net.hidden": (width,)} for width in widths]

    def against_256(key: str, width: int, expect: str) -> Difference:
        arm, baseline = {"net.hidden": (width,)}, {"net.hidden": (256,)}
        return Difference(key=key, arm=arm, baseline=baseline, expect=expect)

    published = AS_PUBLISHED.with_value("fit.epochs", profile.pick(4, 10))
    n_seeds = seeds or profile.n_seeds
    return {
        "widths": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            published.with_value("fit.last_batch", "drop"),
            arms=arms,
            seeds=n_seeds,
            claims=(
                against_256("same", 376, "same"),
                BestArm(key="best", arm={"net.hidden": (256,)}, arms=tuple(arms)),
                against_256("wide", 1024, "higher"),
                against_256("narrow", 16, "lower"),
            ),
        ),
        "published": Experiment(
            TaskRef(name=FASHION), published.with_value("net.hidden", (300,)), seeds=n_seeds
        ),
    }
