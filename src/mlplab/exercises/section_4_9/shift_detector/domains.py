"""The task of telling photographs from cartoons, each fold's photographs unseen."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task, dataset, task_from_arrays
from mlplab.engine.measures import metric
from mlplab.exercises.section_4_9.cartooned import SQUARES, collection, features
from mlplab.specs import Own, TaskRef
from mlplab.specs.keyed import philox

N_FOLDS = 10
"""Of a folder's images; squares have a fold for each photograph."""


@lru_cache(maxsize=4)
def folds(source: str, per_fold: int) -> tuple[NDArray[np.int64], ...]:
    """Return the images of each fold, as many of each: squares of one photograph, or files.

    Args:
        source: of the images.
        per_fold: at most so many, drawn.
    """
    groups = collection(source).groups
    if source != SQUARES:
        size = min(per_fold, len(groups) // N_FOLDS)
        return tuple(np.arange(k * size, (k + 1) * size) for k in range(N_FOLDS))
    rng = philox(0, "squares of a photograph")
    found = [rng.permutation(np.flatnonzero(groups == g)) for g in range(int(groups.max()) + 1)]
    size = min(per_fold, *map(len, found))
    return tuple(np.sort(rows[:size]) for rows in found)


def own_rows(source: str, per_fold: int) -> Own:
    """Return the rows of runs of which seed s holds out fold s."""
    parts = folds(source, per_fold)
    size = 2 * len(parts[0])
    return Own(n=size * (len(parts) - 1), valid=size)


@dataset(
    "photographs-or-cartoons",
    describe="Cartoons as class 0, photographs as class 1; a block for each fold, held out last",
    kind="classification",
    origin="made of other images",
)
def _domains(
    *, source: str = SQUARES, per_fold: int = 24, n_folds: int = 1, pixels: bool = False
) -> Task:
    parts = folds(source, per_fold)
    rows = np.concatenate(parts)
    both = np.stack([features(source, rows, drawn=d, pixels=pixels) for d in (True, False)])
    size = len(parts[0])
    places = np.arange(len(rows)).reshape(len(parts), size)
    blocks = []
    for fold in range(n_folds):
        order = np.concatenate([*np.delete(places, fold, axis=0), places[fold]])
        # Training rows, then held-out ones; of both, cartoons first.
        n_train = len(order) - size
        blocks += [both[d, order[:n_train]] for d in (0, 1)]
        blocks += [both[d, order[n_train:]] for d in (0, 1)]
    labels = np.concatenate([np.repeat([0, 1], n) for n in (n_train, size)])
    names = ("cartoon", "photograph")
    inputs = np.concatenate(blocks)
    return task_from_arrays(
        inputs, np.tile(labels, n_folds), kind="classification", class_names=names
    )


def domains(source: str, per_fold: int, n_folds: int, pixels: bool = False) -> TaskRef:
    """Return the folds as a task that is made when it is first needed."""
    return TaskRef(
        name="photographs-or-cartoons",
        params={"source": source, "per_fold": per_fold, "n_folds": n_folds, "pixels": pixels},
    )


@metric("cartoons_right", low=0, high=1)
def cartoons_right(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Return the share of the cartoons that are called cartoons."""
    return _right_of(0, targets, outputs)


@metric("photographs_right", low=0, high=1)
def photographs_right(targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Return the share of the photographs that are called photographs."""
    return _right_of(1, targets, outputs)


def _right_of(domain: int, targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    own = np.asarray(outputs)[targets == domain]
    return float((own.argmax(axis=1) == domain).mean()) if len(own) else 0.0
