"""Networks trained to approximate a function, as wide as those that are constructed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlplab.data import Task, task_from_arrays
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_1.piecewise_linear.constructions import (
    COMPARED,
    INTERVAL,
    constructed,
)
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Adam, Fit, Run, Schedule

KEEPS = ("trained",)
_N_POINTS = 2001


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train each width with squared error on a fine grid of the interval."""
    return {
        "trained": Experiment(
            _task(),
            Run(
                net=MLP(init="he"),
                optim=Adam(lr=0.01, schedule=Schedule(kind="cosine")),
                fit=Fit(epochs=profile.pick(500, 2000), batch_size=50, test="never"),
            ),
            vary={"net.hidden": [(constructed(epsilon).n_units,) for epsilon in COMPARED]},
            seeds=seeds or profile.n_seeds,
        )
    }


def _task() -> Task:
    x = np.linspace(*INTERVAL, _N_POINTS)
    y = constructed(COMPARED[0]).function(x)
    return task_from_arrays(x[:, None], y, name="sin(3x)", kind="regression")
