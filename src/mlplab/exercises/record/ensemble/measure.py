"""One number per ensemble: its accuracy, its members', and that of the networks it taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.record.ensemble.sizes import size
from mlplab.experiment import Runs

BAR, STRETCH = 0.918, 0.922
MATTERS = 0.001


@dataclass(frozen=True, eq=False)
class Scores:
    """Test accuracies: of members (E, k), and of students (E, s)."""

    members: NDArray[np.float64]
    students: NDArray[np.float64]


def scores(runs: Mapping[str, Runs], profile: Profile) -> Scores:
    """Return the runs' test accuracies, ensemble by ensemble."""
    students = [one.values("test_accuracy")[0] for name, one in runs.items() if name != "members"]
    members = runs["members"].values("test_accuracy")[0]
    return Scores(members.reshape(-1, size(profile)), np.array(students))


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Score each ensemble on the test split, and compare it with its members and students."""
    found = scores(runs, profile)
    together = runs["members"].ensembles(size(profile)).score_test(progress=False)
    alone, taught = found.members.mean(axis=1), found.students.mean(axis=1)

    def claim(key: str, values: NDArray[np.float64]) -> Measured:
        return measured(key, values, MATTERS, "higher", "test_accuracy")

    return (
        claim("bar", together - BAR),
        claim("stretch", together - STRETCH),
        claim("gain", together - alone),
        claim("distilled", taught - alone),
        claim("distilled_bar", taught - BAR),
    )
