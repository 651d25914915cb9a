"""Scores of settings on folds, and the settings that each fold's training rows choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlplab.exercises.section_4_10.folds import N_INNER
from mlplab.exercises.section_4_10.scores import Array
from mlplab.experiment import Runs

CHAPTER = {"optim.lr": 5.0, "fit.batch_size": 64, "optim.weight_decay": 0.0}
SOURCE = {"optim.lr": 15.0, "fit.batch_size": 31, "optim.weight_decay": 0.0}
AT_EPOCH = 100
"""Of both the chapter's and the source's settings."""
EPOCHS = (25, 50, 100, 150, 200)
"""Numbers of epochs among which tuning chooses, as far as runs go."""


@dataclass(frozen=True, eq=False)
class Tuning:
    """Scores of settings: arms of the design, each at several epochs.

    Attributes:
        epochs: that a setting may have.
        folds: on the folds, (A, E, J); infinite where a run diverged.
        inner: the mean over each fold's inner folds, (A, E, J).
    """

    epochs: tuple[int, ...]
    folds: Array
    inner: Array

    @property
    def flat(self) -> tuple[int, int]:
        """The setting with the least mean over the folds: what tuning by k-fold reports."""
        return self._least(self.folds.mean(axis=-1))

    @property
    def chosen(self) -> list[tuple[int, int]]:
        """The setting that each fold's training rows alone would choose."""
        return [self._least(self.inner[..., j]) for j in range(self.inner.shape[-1])]

    @property
    def nested(self) -> Array:
        """Scores of these on the rows that had no part in the choice, (J,)."""
        return np.array([self.folds[arm, e, j] for j, (arm, e) in enumerate(self.chosen)])

    @staticmethod
    def _least(scores: Array) -> tuple[int, int]:
        arm, epoch = np.unravel_index(int(np.argmin(scores)), scores.shape)
        return int(arm), int(epoch)


def tuning(runs: Mapping[str, Runs]) -> Tuning:
    """Collect the scores of every setting on folds and inner folds."""
    outer, inner = curves(runs["folds"]), curves(runs["inner folds"])
    epochs = tuple(epoch for epoch in EPOCHS if epoch <= outer.shape[1])
    places = [epoch - 1 for epoch in epochs]
    parts = inner[:, places].reshape(len(inner), len(places), -1, N_INNER)
    return Tuning(epochs, outer[:, places], parts.mean(axis=-1))


def curves(runs: Runs) -> Array:
    """Return the score of every arm, epoch and seed; infinite from where a run diverged."""
    places = {arm.label: place for place, arm in enumerate(runs.arms)}
    n_epochs = runs.experiment.base.fit.epochs
    scores = np.full((len(places), n_epochs, len(runs.experiment.seeds)), np.inf)
    for cell in runs.cells:
        history = runs.outcomes[cell.key].history.get("valid_house_score", ())
        column = runs.experiment.seeds.index(cell.seed)
        scores[places[cell.arm.label], : len(history), column] = history
    return np.where(np.isnan(scores), np.inf, scores)


def fixed(runs: Runs, found: Tuning, factors: Mapping[str, Any]) -> Array:
    """Return the scores of one setting after 100 epochs on each fold."""
    place = runs.arms.index(runs.experiment.find(factors))
    return np.asarray(found.folds[place, found.epochs.index(AT_EPOCH)])


def ways(runs: Mapping[str, Runs], found: Tuning) -> dict[str, Array]:
    """Return the scores on each fold, by how the setting was chosen."""
    grid = runs["folds"]
    return {
        "chapter": fixed(grid, found, CHAPTER),
        "source": fixed(grid, found, SOURCE),
        "flat": np.asarray(found.folds[found.flat]),
        "nested": found.nested,
    }
