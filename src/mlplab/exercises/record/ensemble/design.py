"""Networks in disjoint ensembles, and further ones that each ensemble teaches."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.data import soft_targets
from mlplab.exercises.profile import Profile
from mlplab.exercises.record.ensemble.sizes import STUDENTS, n_members, size
from mlplab.exercises.record.recipe import RECIPE, WHOLE, fresh_seeds, sized
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Run

KEEPS = ("members",)

TEMPERATURE, HARD = 1.0, 0.0
"""Of the soft targets: the ensemble's probabilities as they are; fixed beforehand, not tuned."""

STUDENT: Run = RECIPE.with_value("fit.label_smoothing", 0.0).with_value("net.dropout", ())
"""The recipe without smoothed labels and dropout: what a teacher says is smooth by itself.

On validation rows (12,000 to learn from, two layers of 256, 30 epochs), students reached 0.866
without dropout, 0.865 at a rate of 0.2 and 0.858 at 0.5; the five teachers alone had 0.868. There
the classes taught more: 0.877 at a rate of 0.2, and no better with a sharpened teacher beside them.
"""

_AFTER_MEMBERS = 100


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the members: seed by seed the first track's networks, and some more."""
    fresh = fresh_seeds(n_members(profile, seeds))
    return {"members": Experiment(WHOLE, sized(RECIPE, profile), seeds=fresh)}


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Let each ensemble teach networks of the recipe's size what it says of training rows."""
    members = runs["members"]
    task = members.experiment.data
    said = members.ensembles(size(profile)).predict(task.inputs[task.pool], progress=False)
    classes = task.targets[task.pool]
    made = {}
    for place, teacher in enumerate(said):
        taught = soft_targets(teacher, classes, temperature=TEMPERATURE, hard=HARD)
        own = fresh_seeds(STUDENTS, _AFTER_MEMBERS + STUDENTS * place)
        made[f"taught by {place + 1}"] = Experiment(
            task.with_soft(taught), sized(STUDENT, profile), seeds=own
        )
    return made
