"""One table of trainings over five hyper-parameters, on which searches are replayed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises import source_setting
from mlplab.exercises.grid_edges import GridEdge, grid_edge
from mlplab.exercises.profile import Profile
from mlplab.exercises.tuned import TUNING_SEEDS
from mlplab.experiment import Experiment, Runs
from mlplab.search import Range, ScoreTable, Space
from mlplab.specs import First, TaskRef

METRIC = "valid_accuracy"
NAMES = ("rate", "batch size", "width", "layers", "epochs")
"""The hyper-parameters, in the order in which 4.2.5 adds them."""
_FACTORS = ("optim.lr", "fit.batch_size", "net.hidden", "layers", "fit.epochs")
USUAL = {"rate": 0.1, "batch size": 256, "width": 256, "layers": 1}
"""The chapter's setting."""

REPETITIONS = (40, 100, 300)
"""Of a replayed search, by profile."""


def n_repetitions(profile: Profile) -> int:
    """Return how often each search is repeated."""
    return profile.pick(*REPETITIONS)


def model_package() -> object:
    """Raise one clear line if the model-based strategy's package is missing."""
    from mlplab.search.strategies.tpe import load_optuna

    return load_optuna()


def make_table(profile: Profile) -> Experiment:
    """Return the grid of rates, batch sizes, widths and depths; epochs come with every run.

    Weights begin as He has them: with the chapter's, deeper networks never leave the start.
    """
    base = source_setting.AS_PUBLISHED.with_value("fit.last_batch", "drop")
    base = base.with_value("fit.epochs", profile.pick(4, 10)).with_value("fit.test", "never")
    base = base.with_value("net.init", "he").with_value("rows", First(n=source_setting.QUICK_ROWS))
    hidden = itertools.product(
        profile.pick((32, 256), (32, 128, 256, 512)), profile.pick((1, 2), (1, 2, 3))
    )
    return Experiment(
        TaskRef(name=source_setting.FASHION, valid=0.1),
        base,
        vary={
            "optim.lr": profile.pick((0.03, 0.1, 0.3, 1.0), (0.01, 0.03, 0.1, 0.3, 1.0)),
            "fit.batch_size": profile.pick((32, 256), (16, 64, 256)),
            "net.hidden": [(width,) * layers for width, layers in hidden],
        },
        seeds=TUNING_SEEDS[: profile.pick(2, 3)],
    )


@dataclass(frozen=True, eq=False)
class Grid:
    """The table as an array, with the values of every axis.

    Attributes:
        levels: hyper-parameter -> its values, in rising order; epochs from 1.
        scores: (rates, batch sizes, widths, depths, epochs, seeds); a run that failed has the
            accuracy of chance.
        failed: how many runs diverged.
    """

    levels: Mapping[str, tuple[Any, ...]]
    scores: NDArray[np.float64]
    failed: int

    @property
    def n_seeds(self) -> int:
        """Runs of every setting."""
        return int(self.scores.shape[-1])

    @property
    def usual(self) -> tuple[int, ...]:
        """The chapter's place on the first four axes."""
        return tuple(self.levels[name].index(USUAL[name]) for name in NAMES[:-1])

    def setting(self, place: Sequence[int]) -> dict[str, Any]:
        """Return the values at a place of the first axes."""
        return {name: self.levels[name][i] for name, i in zip(NAMES, place, strict=False)}

    def as_arm(self, place: Sequence[int]) -> dict[str, Any]:
        """Return a setting as the factors of an arm; with its epochs, if the place has them."""
        one = self.setting(place)
        factors = {
            "optim.lr": one["rate"],
            "fit.batch_size": one["batch size"],
            "net.hidden": (one["width"],) * one["layers"],
        }
        return factors | ({"fit.epochs": one["epochs"]} if "epochs" in one else {})

    def table(self) -> ScoreTable:
        """Return what replays look up: settings of the first four axes, scores by epoch.

        Settings are given by the places of their values: {"rate": 2, ...}.
        """
        shape = self.scores.shape[:4]
        by_seed = np.moveaxis(self.scores.reshape(-1, *self.scores.shape[4:]), 1, 2)
        return ScoreTable(_places(NAMES[:4], shape), tuple(range(self.n_seeds)), by_seed)


def places_space(lengths: Mapping[str, int], *, ordered: bool = False) -> Space:
    """Return the space of places 0 .. n-1 on each axis.

    Args:
        lengths: hyper-parameter -> number of values.
        ordered: as whole numbers of a range, for a model that knows what neighbours are.
    """
    if ordered:
        ranges = {k: Range(low=0, high=n - 1, whole=True) for k, n in lengths.items() if n > 1}
        return Space({k: ranges.get(k, (0,)) for k in lengths})
    return Space({name: tuple(range(n)) for name, n in lengths.items()})


def table_over(names: Sequence[str], scores: NDArray[np.float64]) -> ScoreTable:
    """Return a table over axes of which each run is one lookup; the last axis holds the seeds."""
    flat = scores.reshape(-1, scores.shape[-1])[:, :, None]
    return ScoreTable(_places(names, scores.shape[:-1]), tuple(range(scores.shape[-1])), flat)


def _places(names: Sequence[str], shape: Sequence[int]) -> tuple[dict[str, int], ...]:
    places = itertools.product(*(range(n) for n in shape))
    return tuple(dict(zip(names, place, strict=True)) for place in places)


@lru_cache(maxsize=2)
def grid_of(runs: Runs) -> Grid:
    """Return the array of a table's runs."""
    base = runs.experiment.base
    settings = [
        (arm.run.optim.lr, arm.run.fit.batch_size, arm.run.mlp.hidden[0], len(arm.run.mlp.hidden))
        for arm in runs.arms
    ]
    levels: dict[str, tuple[Any, ...]] = {
        name: tuple(sorted({one[axis] for one in settings})) for axis, name in enumerate(NAMES[:4])
    }
    levels["epochs"] = tuple(range(1, base.fit.epochs + 1))
    seeds = tuple(dict.fromkeys(cell.seed for cell in runs.cells))
    chance = 1.0 / runs.experiment.data.n_outputs
    column = {seed: place for place, seed in enumerate(seeds)}
    shape = [len(levels[name]) for name in NAMES]
    scores = np.full((*shape, len(seeds)), chance)
    place_of = {
        arm.label: tuple(levels[name].index(v) for name, v in zip(NAMES, one, strict=False))
        for arm, one in zip(runs.arms, settings, strict=True)
    }
    failed = 0
    for cell in runs.cells:
        outcome = runs.outcomes[cell.key]
        values = np.array(outcome.history[METRIC], dtype=np.float64)
        if outcome.status == "diverged" and outcome.diverged_epoch is not None:
            failed += 1
            values = values[: outcome.diverged_epoch - 1]
        values = values[: shape[-1]]
        curve = np.where(np.isfinite(values), values, chance)
        scores[place_of[cell.arm.label]][: len(curve), column[cell.seed]] = curve
    return Grid(levels, scores, failed)


def ranked_places(grid: Grid) -> list[tuple[int, ...]]:
    """Return every setting of the table at its best epoch, the best mean over seeds first."""
    mean = grid.scores.mean(axis=-1)
    epochs = mean.argmax(axis=-1)
    places = [(*place, int(epochs[place])) for place in np.ndindex(epochs.shape)]
    return sorted(places, key=lambda place: -float(mean[place]))


def table_edges(grid: Grid) -> tuple[GridEdge, ...]:
    """Return the ends of the table at which its best setting lies."""
    best = ranked_places(grid)[0]
    return tuple(
        edge
        for name, factor, place in zip(NAMES, _FACTORS, best, strict=True)
        for edge in grid_edge(factor, grid.levels[name][place], grid.levels[name])
    )
