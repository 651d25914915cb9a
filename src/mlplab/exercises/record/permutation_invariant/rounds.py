"""After the sixteen runs: single changes, in rounds that start from the best of the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlplab.exercises.record.recipe import SCREENED, WITH_NOISE
from mlplab.experiment.arms import apply_factors
from mlplab.specs import Run

Changes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """A recipe, and the changes of it that were tried, each alone."""

    start: Run
    changes: tuple[Changes, ...]

    @property
    def recipes(self) -> list[Run]:
        """The recipe as it was, and with each of the changes."""
        return [self.start, *(apply_factors(self.start, changes) for changes in self.changes)]


def noise(strength: float) -> dict[str, Any]:
    """Return what adds Gaussian noise to pixels."""
    return {"fit.input_noise": "gaussian", "fit.input_strength": strength}


ROUNDS = {
    "first round": Round(
        SCREENED,
        (
            {"fit.mixup": 0.4},
            {"net.dropout": 0.2},
            {"net.dropout": 0.4},
            {"optim.lr": 0.01},
            {"optim.weight_decay": 0.1},
            noise(0.1),
        ),
    ),
    "second round": Round(
        WITH_NOISE,
        (
            noise(0.2),
            {**noise(0.2), "net.dropout": 0.2},
            {"net.dropout": 0.2},
            {"fit.mixup": 0.0},
            {"fit.mixup": 0.4},
            {"optim.lr": 0.003},
            {"net.hidden": (1024, 1024, 1024), "net.dropout": 0.2},
        ),
    ),
}
"""Each begins with the best recipe of the one before."""
