"""Early stopping inside compiled loops: the best epochs of runs, and the weights they end with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from mlplab.engine.patience import merit
from mlplab.engine.training import Training

_LOSS, _RMSE, _ACCURACY = 0, 1, 2
_MONITORS = {"valid_loss": _LOSS, "valid_rmse": _RMSE, "valid_accuracy": _ACCURACY}


class Watch(NamedTuple):
    """What places of a unit watch, each (L,).

    `monitors` says what, `patience` how long (0: it does not), `restores` whether a run ends with
    its best weights. Written: the `best` value, where more is better, and its epoch, 0 before
    there is one; after which epoch patience has `stopped` a run, or 0; and the weights `kept`,
    of the shape of the unit's.
    """

    monitors: NDArray[np.int64]
    patience: NDArray[np.int64]
    restores: NDArray[np.int64]
    best: NDArray[np.float64]
    best_epochs: NDArray[np.int64]
    stopped: NDArray[np.int64]
    kept: NDArray[Any]


def watch_of(
    members: Sequence[Training], places: Sequence[int], n_places: int, weights: NDArray[Any]
) -> Watch | None:
    """Return what the members of a unit watch, each at its place, as far as they have come.

    Args:
        members: of the unit; None is returned where none of them has patience.
        places: of the members.
        n_places: of the unit.
        weights: of the unit; `kept` is of that kind.
    """
    if not any(training.run.fit.patience for training in members):
        return None
    monitors, patience, restores, best_epochs, stopped = np.zeros((5, n_places), np.int64)
    best = np.zeros(n_places)
    for place, training in zip(places, members, strict=True):
        fit = training.run.fit
        monitors[place] = _MONITORS[fit.monitor]
        patience[place] = fit.patience
        restores[place] = fit.restore_best
        if training.best_epoch is not None:
            value = training.history[fit.monitor][training.best_epoch - 1]
            best[place] = merit(fit.monitor, value)
            best_epochs[place] = training.best_epoch
    kept = np.zeros_like(weights)
    return Watch(monitors, patience, restores, best, best_epochs, stopped, kept)


def keep_best(training: Training, kept: NDArray[Any]) -> None:
    """Let a run carry its part of the weights that a unit keeps, from its checkpoint on."""
    if training.run.fit.patience and training.run.fit.restore_best:
        if training.best is not None:
            kept[...] = training.best["weights"].numpy()
        training.best = {"weights": torch.from_numpy(kept)}


def note_best(
    trainings: Sequence[Training], watch: Watch | None, places: Sequence[int]
) -> list[int]:
    """Tell runs their best epochs; return after which epochs patience has stopped them, or 0."""
    if watch is None:
        return [0] * len(trainings)
    for training, place in zip(trainings, places, strict=True):
        training.best_epoch = int(watch.best_epochs[place]) or None
    return [int(watch.stopped[place]) for place in places]
