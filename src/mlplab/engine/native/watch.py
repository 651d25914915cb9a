"""Early stopping inside compiled loops: the best epochs of runs, and the weights they end with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from mlplab.engine.native.compiled import compiled
from mlplab.engine.training import Training

_LOSS, _RMSE, _ACCURACY = 0, 1, 2
_MONITORS = {"valid_loss": _LOSS, "valid_rmse": _RMSE, "valid_accuracy": _ACCURACY}


class Watch(NamedTuple):
    """What places of a unit watch, each (L,); all are empty where nobody has patience.

    `monitors` says what, `patience` how long (0: it does not), `restores` whether a run ends with
    its best weights. Written: the `best` value, where more is better, and its epoch, 0 before
    there is one; after which epoch patience has `stopped` a run, or 0; and the weights `kept`,
    of the shape of the unit's.
    """

    monitors: NDArray[np.int64]
    patience: NDArray[np.int64]
    restores: NDArray[np.bool_]
    best: NDArray[np.float64]
    best_epochs: NDArray[np.int64]
    stopped: NDArray[np.int64]
    kept: NDArray[Any]


def watch_of(
    members: Sequence[Training], places: Sequence[int], n_places: int, weights: NDArray[Any]
) -> Watch:
    """Return what the members of a unit watch, each at its place, as far as they have come.

    Args:
        members: of the unit.
        places: of the members.
        n_places: of the unit.
        weights: of the unit; `kept` is of that kind.
    """
    if not any(training.run.fit.patience for training in members):
        none = np.zeros(0, np.int64)
        nobody = np.zeros(0, np.bool_), np.zeros(0)
        return Watch(none, none, *nobody, none, none, np.zeros((0,) * weights.ndim, weights.dtype))
    made = Watch(
        np.zeros(n_places, np.int64),
        np.zeros(n_places, np.int64),
        np.zeros(n_places, np.bool_),
        np.zeros(n_places),
        np.zeros(n_places, np.int64),
        np.zeros(n_places, np.int64),
        np.zeros_like(weights),
    )
    for place, training in zip(places, members, strict=True):
        fit = training.run.fit
        made.monitors[place] = _MONITORS[fit.monitor]
        made.patience[place] = fit.patience
        made.restores[place] = fit.restore_best
        if training.best_epoch is not None:
            value = training.history[fit.monitor][training.best_epoch - 1]
            made.best[place] = value if fit.monitor == "valid_accuracy" else -value
            made.best_epochs[place] = training.best_epoch
    return made


def keep_best(training: Training, kept: NDArray[Any]) -> None:
    """Let a run carry its part of the weights that a unit keeps, from its checkpoint on."""
    if training.run.fit.patience and training.run.fit.restore_best:
        if training.best is not None:
            kept[...] = training.best["weights"].numpy()
        training.best = {"weights": torch.from_numpy(kept)}


def note_best(trainings: Sequence[Training], watch: Watch, places: Sequence[int]) -> list[int]:
    """Tell runs their best epochs; return after which epochs patience has stopped them, or 0."""
    if not len(watch.kept):
        return [0] * len(trainings)
    for training, place in zip(trainings, places, strict=True):
        training.best_epoch = int(watch.best_epochs[place]) or None
    return [int(watch.stopped[place]) for place in places]


@compiled
def is_best(watch: Any, place: int, epoch: int, loss: float, hits: float, n: int) -> bool:
    """Take note of a run's validation; return whether this epoch is its best so far.

    Equals `Training.watch`: a value that is no number is best only where it is the first.

    Args:
        watch: of the unit.
        place: of the run.
        epoch: that has ended, from 1.
        loss, hits: sums over the n validation rows.
    """
    value = -loss / n
    if watch.monitors[place] == _RMSE:
        value = -math.sqrt(loss / n)
    elif watch.monitors[place] == _ACCURACY:
        value = hits / n
    if watch.best_epochs[place] > 0 and not value > watch.best[place]:
        return False
    watch.best[place] = value
    watch.best_epochs[place] = epoch
    return True


@compiled
def stops(watch: Any, place: int, epoch: int) -> bool:
    """Note and return whether a run's best epoch is too long ago."""
    if epoch - watch.best_epochs[place] < watch.patience[place]:
        return False
    watch.stopped[place] = epoch
    return True
