"""Regret of search strategies at equal budget, replayed on one table of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_2.search_table import (
    METRIC,
    NAMES,
    Grid,
    grid_of,
    n_repetitions,
    places_space,
)
from mlplab.experiment import Runs, this_machine
from mlplab.experiment.arms import apply_factors
from mlplab.search import Replay, ScoreTable, Space, Terms, Trial, walk
from mlplab.search.strategies import strategy_of
from mlplab.specs import TaskRef
from mlplab.specs.keyed import philox

MATTERS = 0.005
AXES = NAMES[:4]
_POPULATION = 4  # of each step of the model, as in 4.2.5
RIVALS = {"random": "random", "grid": "grid", "tpe": "tpe", "halving": "halving", "start": "drawn"}
"""Key of a claim -> the way that the source's is compared with."""


@dataclass(frozen=True)
class Way:
    """A strategy as it is compared.

    Attributes:
        label: on figures.
        strategy: its name in `search`.
        start: where a coordinate search begins: the chapter's setting, or a drawn one.
        continues: whether a longer training goes on from a shorter one.
    """

    label: str
    strategy: str
    start: str = ""
    continues: bool = False


WAYS = {
    "source": Way("coordinate, chapter", "coordinate", "usual"),
    "drawn": Way("coordinate, random", "coordinate", "drawn"),
    "grid": Way("coarse grid", "grid"),
    "random": Way("random", "random"),
    "tpe": Way("model (TPE)", "tpe"),
    "halving": Way("halving, anew", "halving"),
    "paused": Way("halving, going on", "halving", continues=True),
}


def n_trainings(profile: Profile) -> int:
    """Return the budget, in full trainings."""
    return profile.pick(8, 20)


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return, as claims, how much less regret the source's search leaves at the end."""
    curves = regrets(runs["table"], n_repetitions(profile), n_trainings(profile))
    last = {name: curve[:, -1] for name, curve in curves.items()}

    def claim(key: str, rival: str) -> Measured:
        return measured(key, last[rival] - last["source"], MATTERS, "higher", METRIC)

    return tuple(claim(key, rival) for key, rival in RIVALS.items())


@lru_cache(maxsize=2)
def regrets(table: Runs, repetitions: int, trainings: int) -> Mapping[str, NDArray[np.float64]]:
    """Return each way's regret after every full training's worth of epochs, (repetitions, T).

    A search sees one seed of the table and recommends what was best among its longest trainings.
    The regret is what that setting lacks, on the other seeds, to the setting with the best mean.
    """
    grid = grid_of(table)
    lookup, costs = grid.table(), relative_costs(table)
    return {
        name: np.array(
            [_regret(way, grid, lookup, costs, r, trainings) for r in range(repetitions)]
        )
        for name, way in WAYS.items()
    }


def _regret(
    way: Way,
    grid: Grid,
    lookup: ScoreTable,
    costs: Mapping[str, float],
    repetition: int,
    trainings: int,
) -> list[float]:
    epochs = grid.scores.shape[4]
    seen = repetition % grid.n_seeds
    full = grid.scores[..., -1, :]
    others = np.delete(full, seen, axis=-1).mean(axis=-1)
    best = others[np.unravel_index(int(full.mean(axis=-1).argmax()), others.shape)]
    terms = Terms(
        epochs=epochs,
        budget=trainings * epochs,
        population=_POPULATION,
        start=dict(zip(AXES, grid.usual, strict=True)) if way.start == "usual" else None,
        costs=tuple(costs.items()),
        continues=way.continues,
    )
    lengths = dict(zip(AXES, grid.scores.shape, strict=False))
    space = places_space(lengths, ordered=way.strategy == "tpe")
    if way.strategy == "grid":
        space = coarse(space, trainings, repetition)
    steps = walk(strategy_of(way.strategy), space, terms, Replay(lookup, seen), repetition)
    choice = recommended([trial for step in steps for trial in step], epochs, trainings)
    return [float(best - others[tuple(one[name] for name in AXES)]) for one in choice]


def recommended(trials: Sequence[Trial], epochs: int, trainings: int) -> list[Mapping[str, int]]:
    """Return what a search recommends after each full training's worth of run-epochs.

    Of the trials paid by then: the best among the longest. Before the first is paid, the first.
    """
    out: list[Mapping[str, int]] = []
    best, place = trials[0], 0
    for n in range(1, trainings + 1):
        while place < len(trials) and trials[place].spent <= n * epochs:
            one = trials[place]
            best = max(best, one, key=lambda trial: (trial.epochs, trial.score))
            place += 1
        out.append(best.config)
    return out


def coarse(space: Space, most: int, seed: int) -> Space:
    """Return a grid of at most so many settings: each axis gets drawn values, as many as fit."""
    rng = philox(seed, "coarse grid")
    levels = {path: space.levels(path, 1) for path in space.factors}
    counts = dict.fromkeys(levels, 1)
    grown = True
    while grown:
        grown = False
        for path in sorted(counts, key=lambda one: (counts[one], -len(levels[one]))):
            more = counts | {path: counts[path] + 1}
            if counts[path] < len(levels[path]) and np.prod(list(more.values())) <= most:
                counts, grown = more, True
                break
    drawn = {p: sorted(rng.permutation(len(v))[: counts[p]].tolist()) for p, v in levels.items()}
    return Space({path: tuple(levels[path][i] for i in places) for path, places in drawn.items()})


def relative_costs(table: Runs) -> dict[str, float]:
    """Return how many times the usual cost a run has at each hyper-parameter's dearest value."""
    grid = grid_of(table)
    task, base = table.experiment.data, table.experiment.base
    ref = TaskRef(**task.spec())

    def seconds(place: Sequence[int]) -> float:
        run = apply_factors(base, grid.as_arm(place)).replace(task=ref)
        return float(this_machine().plan_cost([run], task, 1).seconds)

    usual = grid.usual
    costs = {}
    for axis, name in enumerate(AXES):
        places = [(*usual[:axis], i, *usual[axis + 1 :]) for i in range(len(grid.levels[name]))]
        costs[name] = max(seconds(place) for place in places) / seconds(usual)
    return costs
