"""Runs that a search needs to come close to the best, by the number of hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_2.search_table import (
    NAMES,
    Grid,
    grid_of,
    n_repetitions,
    places_space,
    table_over,
)
from mlplab.experiment import Runs
from mlplab.search import Replay, ScoreTable, Space, Terms, walk
from mlplab.search.strategies import strategy_of
from mlplab.specs.keyed import philox

NEAR = 0.005
"""What counts as close to the best: half a point of accuracy."""
STRATEGIES = ("grid", "random", "tpe")
_POPULATION = 4  # runs between two updates of the model


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return the runs needed as claims about differences between paired repetitions."""
    needed = runs_needed(runs["table"], n_repetitions(profile))
    last, first = len(NAMES), 1
    random = needed["random", last]

    def claim(key: str, values: NDArray[np.float64], expect: Any) -> Measured:
        return measured(key, values, 1.0, expect, "runs", step=1.0)

    return (
        claim("more", random - needed["random", first], "higher"),
        claim("slow_grid", needed["grid", last] - random, "higher"),
        claim("model", needed["tpe", last] - random, "lower"),
    )


@lru_cache(maxsize=2)
def runs_needed(table: Runs, repetitions: int) -> Mapping[tuple[str, int], NDArray[np.float64]]:
    """Return, by strategy and number of hyper-parameters, the runs of each repetition.

    A search is over as soon as it has tried a setting whose mean over all seeds lies within half
    a point of the best such mean; what was not varied has the chapter's value.
    """
    found: dict[tuple[str, int], NDArray[np.float64]] = {}
    for n in range(1, len(NAMES) + 1):
        scores = section_of(grid_of(table), n)
        lookup, near = table_over(NAMES[:n], scores), is_near(scores)
        for name in STRATEGIES:
            runs = [_needed(name, lookup, near, r) for r in range(repetitions)]
            found[name, n] = np.array(runs, dtype=np.float64)
    return found


def section_of(grid: Grid, n: int) -> NDArray[np.float64]:
    """Return the scores where the first n hyper-parameters vary; the last axis holds the seeds."""
    fixed = (*grid.usual, grid.scores.shape[4] - 1)
    index = tuple(slice(None) if axis < n else fixed[axis] for axis in range(len(NAMES)))
    return np.asarray(grid.scores[index])


def is_near(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which settings are close to the best, by their means over seeds."""
    mean = scores.mean(axis=-1)
    return np.asarray(mean >= mean.max() - NEAR)


def _needed(name: str, lookup: ScoreTable, near: NDArray[np.bool_], repetition: int) -> int:
    """Return the runs of one search; all of them, if it gives up before it comes close."""
    names, size = NAMES[: near.ndim], int(near.size)
    space = places_space(dict(zip(names, near.shape, strict=True)), ordered=name == "tpe")
    if name == "grid":
        space = _in_some_order(space, repetition)
    steps = walk(
        strategy_of(name),
        space,
        Terms(epochs=1, budget=size, population=_POPULATION),
        Replay(lookup, repetition),
        repetition,
    )
    for trials in steps:
        for trial in trials:
            if near[tuple(trial.config[one] for one in names)]:
                return trial.spent
    return size


def _in_some_order(space: Space, seed: int) -> Space:
    """Return the space with its loops nested in a drawn order, each up or down."""
    rng = philox(seed, "grid order")
    paths = list(space.factors)
    order = [paths[i] for i in rng.permutation(len(paths))]
    levels = {path: space.levels(path, 1) for path in order}
    return Space({path: v[:: 1 if rng.random() < 0.5 else -1] for path, v in levels.items()})


def expected_runs(n_settings: int, n_near: int) -> float:
    """Return how many settings are drawn on average, none twice, until one of the near ones.

    >>> expected_runs(3, 1), expected_runs(10, 10)
    (2.0, 1.0)
    """
    return (n_settings + 1) / (n_near + 1)
