"""The course of a loss in every run of an arm, and its spikes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.section_4_6.more_epochs.design import EPOCHS
from mlplab.experiment import Runs

Array = NDArray[np.float64]

SPIKE = 0.1
"""How far a spike lies above the lowest training loss of the epochs before it."""
_MIDDLE, _END = slice(20, 25), slice(45, 50)


def courses(runs: Runs, metric: str, arms: Iterable[Mapping[str, Any]]) -> Array:
    """Return a metric by arm, seed and epoch, infinite from where a run diverged: (A, S, E).

    Seeds are those that all these arms ran.
    """
    frame = runs.frame()
    tables = []
    for factors in arms:
        of_arm = frame[frame["arm"] == runs.experiment.find(factors).label]
        by_seed = of_arm.pivot(index="seed", columns="epoch", values=metric)
        tables.append(by_seed.reindex(columns=range(1, EPOCHS + 1)))
    seeds = sorted(set.intersection(*(set(table.index) for table in tables)))
    return np.stack([table.loc[seeds].to_numpy(np.float64, na_value=np.inf) for table in tables])


@np.errstate(invalid="ignore")  # inf - inf: diverged
def rises(losses: Array) -> Array:
    """Return how far each epoch's loss lies above the lowest before it, at least 0: (..., E - 1).

    >>> rises(np.array([1.0, 0.5, 0.75, 0.25])).tolist()
    [0.0, 0.25, 0.0]
    """
    lowest = np.minimum.accumulate(losses, axis=-1)[..., :-1]
    rise = np.maximum(losses[..., 1:] - lowest, 0.0)
    return np.asarray(np.nan_to_num(rise, nan=np.inf, posinf=np.inf))


def largest_rise(losses: Array) -> Array:
    """Return the largest of a run's rises, at least 0.0001, so that it has a logarithm: (...,)."""
    return np.asarray(np.maximum(rises(losses).max(axis=-1), 1e-4))


def has_spike(losses: Array) -> NDArray[np.bool_]:
    """Tell in which runs an epoch's loss lies at least `SPIKE` above the lowest before it, (...,).

    >>> has_spike(np.array([[1.0, 0.5, 0.75], [1.0, 0.5, 0.5625]])).tolist()
    [True, False]
    """
    return np.asarray(largest_rise(losses) >= SPIKE)


@np.errstate(invalid="ignore")  # inf - inf: diverged
def late_rise(losses: Array) -> Array:
    """Return how much higher the losses are in the last five epochs than in 21 to 25, (...,).

    Single epochs jump; five together do less.
    """
    rise = losses[..., _END].mean(axis=-1) - losses[..., _MIDDLE].mean(axis=-1)
    return np.asarray(np.nan_to_num(rise, nan=np.inf, posinf=np.inf))
