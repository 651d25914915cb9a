"""Networks of equal layers, from 2 to 16 deep: the first layer's gradient at the first weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.experiment import Experiment
from mlplab.specs import MLP, SGD, Fit, Run, TaskRef

WIDTH = 64
DEPTHS = (2, 4, 8, 16)
# The variance of a weight of a hidden layer, whose inputs and outputs are WIDTH.
VARIANCES = {
    "normal:0.01": 0.01**2,
    "xavier": 1 / WIDTH,
    "he": 2 / WIDTH,
    "normal:0.5": 0.5**2,
}


def layer_factor(init: str) -> float:
    """Return what each further layer multiplies gradients by: a ReLU lets half of them through.

    >>> layer_factor("he")
    1.0
    """
    return math.sqrt(WIDTH * VARIANCES[init] / 2)


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Look at every network once, before its first step; what is claimed is measured from that."""
    return {
        "gradients": Experiment(
            TaskRef(name="digits"),
            Run(
                net=MLP(hidden=(WIDTH,) * DEPTHS[0]),
                optim=SGD(lr=0.01),
                # Sixteen layers of N(0, 0.01^2) shrink a gradient beyond what float32 holds.
                fit=Fit(epochs=1, batch_size=256, probes=1, test="never", dtype="float64"),
            ),
            vary={
                "net.init": tuple(VARIANCES),
                "net.hidden": [(WIDTH,) * depth for depth in DEPTHS],
            },
            seeds=seeds or profile.n_seeds,
        )
    }
