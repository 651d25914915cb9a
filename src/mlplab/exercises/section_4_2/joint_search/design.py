"""A table over all five hyper-parameters, the source's settings, and the finalists of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_2.joint_search.published_settings import (
    PUBLISHED,
    SOURCE_BEST,
    SOURCE_BEST_OF_TWO,
    SOURCE_SECOND,
)
from mlplab.exercises.section_4_2.search_table import grid_of, make_table, ranked_places
from mlplab.exercises.source_setting import AS_PUBLISHED, FASHION, comparable
from mlplab.experiment import Experiment, Runs
from mlplab.specs import BestArm, Chain, Difference, First, TaskRef


def _setting(hidden: tuple[int, ...], batch_size: int) -> dict[str, Any]:
    return {"net.hidden": hidden, "fit.batch_size": batch_size}


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Search a table of all five hyper-parameters; the source's settings are trained beside it."""
    base = AS_PUBLISHED.with_value("fit.epochs", profile.pick(4, 10))
    quick = base.with_value("rows", First(n=source_setting.QUICK_ROWS))
    base = profile.pick(quick, base)
    batches = [((256,), size) for size in (32, 64, 128)]
    compared = [*batches, SOURCE_SECOND, SOURCE_BEST_OF_TWO]
    others = [one for one in PUBLISHED if one not in compared]
    claims = (
        Chain(key="batches", arms=tuple(_setting(*one) for one in batches)),
        Difference(
            key="second",
            arm=_setting(*SOURCE_BEST),
            baseline=_setting(*SOURCE_SECOND),
            expect="higher",
        ),
        Difference(
            key="layers",
            arm=_setting(*SOURCE_BEST_OF_TWO),
            baseline=_setting(*SOURCE_BEST),
            expect="same",
        ),
    )
    task = TaskRef(name=FASHION)
    return {
        "table": make_table(profile),
        "published": Experiment(
            task,
            base,
            arms=[_setting(*one) for one in compared],
            seeds=seeds or profile.n_seeds,
            claims=claims,
        ),
        "published, not compared": Experiment(
            task,
            base,
            arms=[_setting(*one) for one in profile.pick(others[:1], others)],
            seeds=profile.pick(5, 5, 10),
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the table's best settings and the source's with fresh seeds.

    The source's starts from its own weights and, as the table's do, from He's.
    """
    grid = grid_of(runs["table"])
    base = comparable(profile)
    source = _setting(*SOURCE_BEST) | {
        "optim.lr": AS_PUBLISHED.optim.lr,
        "fit.epochs": base.fit.epochs,
    }
    published, he = (source | {"net.init": init} for init in ("normal:0.01", "he"))
    ranked = [grid.as_arm(place) | {"net.init": "he"} for place in ranked_places(grid)]
    others = [arm for arm in ranked if arm != he][: profile.pick(2, 3)]
    arms = [published, he, *others]
    claims = (
        BestArm(key="best", arm=published, arms=tuple(arms), metric="valid_accuracy"),
        Difference(key="better", arm=others[0], baseline=he, expect="higher"),
        Difference(key="init", arm=he, baseline=published, expect="higher"),
    )
    return {
        "finalists": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            base,
            arms=arms,
            seeds=seeds or profile.n_seeds,
            claims=claims,
        )
    }
