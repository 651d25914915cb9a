"""Ways of making training noisy, the strengths that tuning tries, and what it finds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlplab.exercises.grid_edges import GridEdge, grid_edge
from mlplab.exercises.told import means

if TYPE_CHECKING:
    from mlplab.experiment import Runs

Arm = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One way of making training noisy.

    Attributes:
        path: of its strength.
        strengths: from weak to strong.
        fixed: what else it sets.
    """

    path: str
    strengths: tuple[float, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def arm(self, strength: float) -> Arm:
        """Return the factors of one strength."""
        return {**self.fixed, self.path: strength}

    def stronger(self, strength: float) -> float:
        """Return the next strength of the grid; beyond a last rate, half way to 1.

        >>> KINDS["dropout"].stronger(0.1), KINDS["dropout"].stronger(0.5)
        (0.2, 0.75)
        """
        return next((one for one in self.strengths if one > strength), (1 + strength) / 2)


def _hidden(noise: str, *strengths: float) -> Kind:
    return Kind("net.noise_strength", strengths, {"net.noise": noise})


def _inputs(noise: str, *strengths: float) -> Kind:
    return Kind("fit.input_strength", strengths, {"fit.input_noise": noise})


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "dropout": Kind("net.dropout", (0.05, 0.1, 0.2, 0.35, 0.5)),
        "uniform": _hidden("uniform", 0.01, 0.03, 0.1, 0.3),
        "gaussian": _hidden("gaussian", 0.03, 0.1, 0.3, 1.0),
        "multiplicative": _hidden("multiplicative", 0.2, 0.4, 0.8, 1.5),
        "drop-connect": _hidden("drop-connect", 0.05, 0.1, 0.2, 0.35),
        "input-gaussian": _inputs("gaussian", 0.05, 0.1, 0.2, 0.4),
        "input-dropout": _inputs("dropout", 0.05, 0.1, 0.2, 0.4),
        "smoothing": Kind("fit.label_smoothing", (0.03, 0.1, 0.2, 0.4)),
        "mixup": Kind("fit.mixup", (0.05, 0.1, 0.2, 0.4)),
        "shift": Kind("fit.shift", (1, 2, 3)),
    }
)
RIVALS = tuple(name for name in KINDS if name != "dropout")
IN_NETWORK = ("dropout", "uniform", "gaussian", "multiplicative", "drop-connect")
"""Kinds that act on hidden layers."""
ON_DATA = ("input-gaussian", "input-dropout", "smoothing", "mixup", "shift")
"""Kinds that act on images or targets."""


@dataclass(frozen=True)
class Tuned:
    """What validation rows chose.

    Attributes:
        strengths: of each kind.
        scores: mean validation accuracy of each kind at its strength.
    """

    strengths: Mapping[str, float]
    scores: Mapping[str, float]

    def arm(self, kind: str) -> Arm:
        """Return a kind at its own strength."""
        return KINDS[kind].arm(self.strengths[kind])

    @property
    def best(self) -> str:
        """The noise with the highest score."""
        return max(KINDS, key=self.scores.__getitem__)

    @property
    def rival(self) -> str:
        """The best noise besides dropout."""
        return max(RIVALS, key=self.scores.__getitem__)

    @property
    def pair(self) -> tuple[str, str]:
        """The best noise, and the best of those that can be joined with it."""
        own = self.arm(self.best).keys()
        joined = (one for one in KINDS if not own & self.arm(one).keys())
        return self.best, max(joined, key=self.scores.__getitem__)

    def edges(self) -> tuple[GridEdge, ...]:
        """Return the strengths that lie at the strong end; below the weak end lies no noise."""
        return tuple(
            edge
            for name, kind in KINDS.items()
            for edge in grid_edge(name, self.strengths[name], (0, *kind.strengths))
        )


def scores_of(runs: Runs, kind: str) -> dict[float, float]:
    """Return the mean validation accuracy at each strength; minus infinity where all failed."""
    known = means(runs, "valid_accuracy")
    found = {
        strength: known[runs.experiment.find(KINDS[kind].arm(strength)).label]
        for strength in KINDS[kind].strengths
    }
    return {one: score if score == score else -math.inf for one, score in found.items()}


def tune(runs: Runs) -> Tuned:
    """Choose the strength of each kind by the mean validation accuracy."""
    strengths, scores = {}, {}
    for kind in KINDS:
        found = scores_of(runs, kind)
        strengths[kind] = max(found, key=found.__getitem__)
        scores[kind] = found[strengths[kind]]
    return Tuned(strengths, scores)
