"""The source's training of 4 and of 20 terms; each seed has its own draw of the data."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.polynomial_draws import N, n_draws
from mlplab.exercises.section_4_4.published import AS_PUBLISHED
from mlplab.experiment import Experiment
from mlplab.specs import Own, TaskRef


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train by SGD the models that are also solved exactly."""
    n = seeds or n_draws(profile)
    return {
        "descent": Experiment(
            TaskRef(name="polynomial", params={"n_train": N * n}),
            AS_PUBLISHED.with_value("rows", Own(n=N)),
            vary={"net.inputs": [4, 20]},
            seeds=n,
        )
    }
