"""Empirical and true risk of every run, from its weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_9.risk_gap.design import (
    BASE,
    LONGER,
    SAMPLINGS,
    SIZES,
    WIDE,
    WIDTH,
    epochs_for,
    name_of,
)
from mlplab.exercises.section_4_9.risk_gap.problem import (
    FRESH,
    NOISE,
    Array,
    N,
    Sampling,
    draw,
    selection_weights,
    stacked,
)
from mlplab.experiment import Arm, Runs
from mlplab.experiment.weights import run_weights, unpack_weights

Layers = Sequence[tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Risks:
    """Mean squared errors of the runs of an arm, one for each seed, (R,).

    Attributes:
        empirical: on the training rows.
        noise: of the true function on the same rows.
        true: expected on new rows of the population, estimated on `FRESH` of them.
        held_out: on further rows that came to be as the training rows did.
        weighted: the same, each row weighted by population over selected density.
        error: standard error of `true`, from the fresh rows alone.
        kept: effective number of these rows, (sum w)^2 / sum w^2, as a share.
    """

    empirical: Array
    noise: Array
    true: Array
    held_out: Array
    weighted: Array
    error: Array
    kept: Array

    @property
    def gap(self) -> Array:
        """True less empirical risk."""
        return np.asarray(self.true - self.empirical)

    def excess_gap(self, floor: float) -> Array:
        """True less empirical risk, each less that of the true function on the same rows.

        It has the expectation of `gap`, without the chance of how noisy the training rows are.
        """
        return np.asarray((self.true - floor) - (self.empirical - self.noise))


def outputs(layers: Layers, X: Array) -> Array:
    """Return what a ReLU network with one output says of its rows, (N,).

    Args:
        layers: weights (O, I) and biases (O,) of each.
        X: (N, P); inputs beyond those that the network knows are left out.
    """
    X = X[:, : layers[0][0].shape[1]]
    for place, (weight, bias) in enumerate(layers):
        X = np.maximum(X, 0.0) if place else X
        X = X @ weight.T + bias
    return X[:, 0]


@one_thread
def risks(runs: Runs, arm: Arm, n: int = N, how: Sampling | None = None) -> Risks:
    """Return the risks of an arm's runs, which trained on the first n rows of each seed's draw."""
    how = how or Sampling()
    seeds = tuple(runs.experiment.seeds)
    # Of what is wrong with the training rows, the population has the noise and the lost cells.
    population = replace(how, outliers=0.0, selection=0.0)
    train = _sample(seeds, max(SIZES) if n > N else N, how, 0)
    fresh = _sample(seeds, FRESH, population, 1)
    like = _sample(seeds, FRESH, replace(how, outliers=0.0), 2)
    floor = how.noise**2
    rows = []
    for place, layers in enumerate(_layers(runs, arm)):
        X, y, truth = (part[place, :n] for part in train)
        new = np.square(outputs(layers, fresh[0][place]) - fresh[2][place])
        alike = np.square(outputs(layers, like[0][place]) - like[2][place])
        of = selection_weights(like[0][place], how.selection)
        rows.append(
            (
                np.square(outputs(layers, X) - y).mean(),
                np.square(y - truth).mean(),
                # Targets without noise: its part of the risk is known, and would only blur.
                new.mean() + floor,
                alike.mean() + floor,
                np.average(alike, weights=of) + floor,
                new.std(ddof=1) / FRESH**0.5,
                of.sum() ** 2 / np.square(of).sum() / FRESH,
            )
        )
    return Risks(*np.array(rows).T)


def _layers(runs: Runs, arm: Arm) -> Iterator[Layers]:
    cells = [cell for cell in runs.cells if cell.arm == arm]
    for blob in run_weights(cells, runs, False):
        arrays = unpack_weights(blob)
        yield [
            (
                np.asarray(arrays[f"layers.{k}.weight"], dtype=np.float64),
                np.asarray(arrays[f"layers.{k}.bias"], dtype=np.float64),
            )
            for k in range(len(arrays) // 2)
        ]


@lru_cache(maxsize=8)
def _sample(seeds: tuple[int, ...], n: int, how: Sampling, part: int) -> tuple[Array, ...]:
    """Return `stacked`, read-only: the arms of an experiment see the same rows."""
    sample = stacked(seeds, n, how, part)
    for array in sample:
        array.flags.writeable = False
    return sample


def by_size(runs: Mapping[str, Runs]) -> dict[float, Risks]:
    """Return risks by number of training rows."""
    found, arms = runs["size"], _by_rows_and_epochs(runs["size"])
    return {n: risks(found, arms[n, epochs_for(n)], n) for n in SIZES}


def by_steps(runs: Mapping[str, Runs]) -> dict[float, Risks]:
    """Return risks on the most rows by how many times the steps were taken."""
    found, arms, most = runs["size"], _by_rows_and_epochs(runs["size"]), max(SIZES)
    return {k: risks(found, arms[most, k * epochs_for(most)], most) for k in LONGER}


def _by_rows_and_epochs(runs: Runs) -> dict[tuple[int, int], Arm]:
    return {(int(arm.run.value("rows.n")), arm.run.fit.epochs): arm for arm in runs.arms}


def by_width(runs: Mapping[str, Runs]) -> dict[float, Risks]:
    """Return risks by hidden units; 0 is a linear model."""
    found = runs["width"]
    return {
        _width(arm): risks(found, arm) for arm in found.arms if arm.run.fit.loss == BASE.fit.loss
    }


def _width(arm: Arm) -> int:
    return int((*arm.run.value("net.hidden"), 0)[0])


def by_inputs(runs: Mapping[str, Runs]) -> dict[float, Risks]:
    """Return risks by how many inputs the networks are given."""
    found = runs["inputs"]
    return {int(arm.run.value("net.inputs")): risks(found, arm, N, WIDE) for arm in found.arms}


def by_sampling(runs: Mapping[str, Runs], cause: str, loss: str = "squared") -> dict[float, Risks]:
    """Return risks by the strength of what is wrong with the training rows."""
    found = {}
    for strength, how in SAMPLINGS[cause].items():
        these = runs[name_of(cause, strength)]
        arm = next(a for a in these.arms if (_width(a), a.run.fit.loss) == (WIDTH, loss))
        found[strength] = risks(these, arm, N, how)
    return found


@lru_cache(maxsize=2)
def fixed_gaps(n_draws: int) -> Mapping[int, Array]:
    """Return |empirical - true risk| of the true function, which saw no data, by rows: (R,)."""
    gaps: dict[int, list[float]] = {n: [] for n in SIZES}
    for seed in range(n_draws):
        # Of seeds that train nothing, so that no number is used twice.
        _, y, truth = draw(_UNTRAINED + seed, max(SIZES), Sampling(n_inputs=2))
        for n in SIZES:
            gaps[n].append(abs(np.square(y - truth)[:n].mean() - NOISE**2))
    return {n: np.array(values) for n, values in gaps.items()}


_UNTRAINED = 1_000_000


def log_slopes(found: Mapping[int, Array] | Mapping[float, Array]) -> Array:
    """Return the least-squares slope of log10 of numbers, (R,) by x, over log10 of x: (R,).

    >>> log_slopes({1: np.array([8.0]), 2: np.array([4.0]), 4: np.array([2.0])}).round(9)
    array([-1.])
    """
    x = np.log10(list(found))
    x = x - x.mean()
    return np.asarray(x @ np.log10(np.stack(list(found.values()))) / (x @ x))
