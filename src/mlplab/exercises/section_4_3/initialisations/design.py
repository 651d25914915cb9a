"""Ways to draw the first weights, on the same seeds; what never leaves chance counts as failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.extra_runs import ExtraRuns, fresh_seeds_of_the_best
from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import FASHION, comparable
from mlplab.experiment import Experiment
from mlplab.specs import BestArm, Chain, Difference, TaskRef, Threshold

EXTRA_RUNS = [ExtraRuns("fresh seeds", "initialisations", fresh_seeds_of_the_best)]
# The first three are the source's.
_WORKING = ("normal:0.01", "identity", "uniform:-1,1", "xavier", "he", "orthogonal")
_EQUAL = ("constant:0.01", "zeros")


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare initialisations at the chapter's rate."""

    def arm(text: str) -> dict[str, Any]:
        return {"net.init": text}

    working = tuple(arm(text) for text in _WORKING)
    claims = (
        BestArm(key="identity", arm=arm("identity"), arms=working[:3]),
        BestArm(key="identity_all", arm=arm("identity"), arms=working),
        Difference(key="small", arm=arm("he"), baseline=arm("normal:0.01"), expect="higher"),
        Difference(key="wide", arm=arm("uniform:-1,1"), baseline=arm("he"), expect="lower"),
        Chain(key="same", arms=(arm("he"), arm("xavier"), arm("orthogonal")), expect="same"),
        Threshold(
            key="zero", arm=arm("zeros"), metric="train_accuracy", value=0.15, expect="lower"
        ),
    )
    return {
        "initialisations": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            comparable(profile),
            arms=[arm(text) for text in (*_WORKING, *_EQUAL)],
            seeds=seeds or profile.n_seeds,
            claims=claims,
        )
    }
