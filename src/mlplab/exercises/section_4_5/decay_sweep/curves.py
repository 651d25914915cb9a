"""Losses along lambda: trained as the source does, each lambda anew, and the exact optimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mlplab.data.draws import draw_sparse_linear
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_5.decay_sweep.descent import (
    Weights,
    all_weights,
    descend,
    sample_of,
    start_at,
)
from mlplab.exercises.section_4_5.problem import (
    BATCH_SIZE,
    EPOCHS,
    N_INPUTS,
    N_TEST,
    N_TRAIN,
    RATE,
    VARIANCE,
    Array,
)
from mlplab.specs.keyed import philox
from mlplab.theory.linear import LinearModels, penalty_of_weight_decay, ridge_path

SWEPT = np.linspace(0.0, 100.0, 150)
"""Weight decays that the source goes through with one network."""
SHARED = float(SWEPT[3])
"""2.01, one of them, at which the other curves are compared with it."""
LAMBDAS = (0.0, 0.5, 1.0, 2.0, SHARED, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 70.0, 100.0)
"""Weight decays that are trained each on its own."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Mean squared errors along lambda, of every draw.

    Attributes:
        lambdas: weight decays, (L,).
        train, test: (R, L).
    """

    lambdas: Array
    train: Array
    test: Array

    def place(self, wanted: float) -> int:
        """Return where a lambda stands in the curve.

        Raises:
            ValueError: nothing was computed at this lambda; the nearest would be another one.
        """
        place = int(np.abs(self.lambdas - wanted).argmin())
        if self.lambdas[place] != wanted:
            raise ValueError(f"no losses at lambda {wanted}; the nearest is {self.lambdas[place]}")
        return place

    def at(self, wanted: float) -> tuple[Array, Array]:
        """Return training and test losses (R,) at a lambda."""
        place = self.place(wanted)
        return self.train[:, place], self.test[:, place]

    def gap(self, wanted: float) -> Array:
        """Return test less training loss at a lambda, in variances of y."""
        train, test = self.at(wanted)
        return np.asarray((test - train) / VARIANCE)


@lru_cache(maxsize=2)
@one_thread
def curves(n_draws: int) -> Mapping[str, Curve]:
    """Return the four curves: `kept` (the source's), `fresh`, `zero` and `ridge`.

    `kept` trains on from lambda to lambda; `fresh` starts each from the same N(0, 1) weights,
    `zero` each from 0; `ridge` is the exact optimum.
    """
    seeds = range(n_draws)
    X, y = draw_sparse_linear(seeds, N_TRAIN)
    unseen = draw_sparse_linear(seeds, N_TEST, part="test")
    sample = sample_of(X, y)
    drawn = np.stack([philox(s, "initial weights").standard_normal(N_INPUTS + 1) for s in seeds])
    w, bias = drawn[:, :-1], drawn[:, -1]
    lambdas, both = np.array(LAMBDAS), np.union1d(SWEPT, LAMBDAS)

    def curve(path: Array, weights: Array, constants: Array) -> Curve:
        models = LinearModels(weights, constants)
        found = [models.mean_squared_error(*data) for data in ((X, y), unseen)]
        return Curve(path, found[0], found[1])

    def trained(first: Array, constants: Array) -> Curve:
        start = start_at(sample, first, constants, len(lambdas))
        found = _train(sample, start, lambdas, 0)
        return curve(lambdas, all_weights(sample, found, first), found.bias)

    at, steps = start_at(sample, w, bias, 1), []
    for place, decay in enumerate(SWEPT):
        at = _train(sample, at, np.array([decay]), place)
        steps.append(at)
    kept = Weights(
        np.concatenate([one.along for one in steps], axis=1),
        np.concatenate([one.across for one in steps]),
        np.concatenate([one.bias for one in steps], axis=1),
    )
    exact = ridge_path(X, y, [penalty_of_weight_decay(d) for d in both], intercept=True)
    return {
        "kept": curve(SWEPT, all_weights(sample, kept, w), kept.bias),
        "fresh": trained(w, bias),
        "zero": trained(np.zeros_like(w), np.zeros_like(bias)),
        "ridge": curve(both, exact.weights, exact.intercepts),
    }


def _train(sample: Any, start: Weights, decays: Array, seed: int) -> Weights:
    return descend(
        sample, start, decays, rate=RATE, epochs=EPOCHS, batch_size=BATCH_SIZE, seed=seed
    )
