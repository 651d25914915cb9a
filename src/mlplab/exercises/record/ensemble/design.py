"""Networks in disjoint ensembles, and further ones that each ensemble teaches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlplab.data import soft_targets
from mlplab.exercises import source_setting
from mlplab.exercises.profile import Profile
from mlplab.exercises.record.ensemble.mixtures import EACH, mixtures
from mlplab.exercises.record.ensemble.sizes import STUDENTS, n_members, size
from mlplab.exercises.record.recipe import RECIPE, WHOLE, fresh_seeds, sized
from mlplab.experiment import Experiment, Runs
from mlplab.experiment.arms import apply_factors
from mlplab.specs import First, Run

KEEPS = ("members",)

STUDENT: Run = apply_factors(
    RECIPE,
    {"fit.label_smoothing": 0.0, "net.dropout": (), "fit.mixup": 0.0, "fit.epochs": 12},
)
"""The recipe without smoothed labels, dropout and mixup: what a teacher says is smooth by itself.

An epoch has the training images and `EACH` mixtures of each: 1.8 times the recipe's steps in all.
See `mixtures.EACH` for what was tried.
"""

_AFTER_MEMBERS = 100


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the members: seed by seed the first track's networks, and some more."""
    fresh = fresh_seeds(n_members(profile, seeds))
    return {"members": Experiment(WHOLE, sized(RECIPE, profile), seeds=fresh)}


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Let each ensemble teach networks of the recipe's size what it says of training images."""
    members = runs["members"]
    task = members.experiment.data
    images = task.inputs[task.pool]
    mixed = mixtures(images)
    ensembles = members.ensembles(size(profile))
    first, *others = ensembles.predict(np.concatenate([images, mixed]), progress=False)
    taught = task.with_soft(soft_targets(first), mixed)
    # Of one set of inputs: each copy would take 560 MB.
    tasks = [taught, *(taught.with_soft(soft_targets(said)) for said in others)]
    run = student(profile)
    return {
        f"taught by {place + 1}": Experiment(one, run, seeds=_student_seeds(place))
        for place, one in enumerate(tasks)
    }


def _student_seeds(place: int) -> range:
    return fresh_seeds(STUDENTS, _AFTER_MEMBERS + STUDENTS * place)


def student(profile: Profile) -> Run:
    """Return how a profile trains students; quick has 12,000 images and their mixtures."""
    if profile.effort:
        return STUDENT
    n_rows = (1 + EACH) * source_setting.QUICK_ROWS
    made: Run = sized(STUDENT, profile).with_value("rows", First(n=n_rows))
    return made
