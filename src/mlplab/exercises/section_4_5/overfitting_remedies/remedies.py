"""The section's linear model under each remedy for overfitting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mlplab.data.draws import draw_sparse_linear
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_5.problem import (
    BATCH_SIZE,
    BIAS,
    EPOCHS,
    N_INPUTS,
    N_TRAIN,
    RATE,
    Array,
    true_risk,
)
from mlplab.specs.keyed import philox
from mlplab.theory.linear import (
    LinearModels,
    descent_path,
    largest_stable_rate,
    matching_penalty,
    ridge_path,
)

N_MORE, N_HELD_OUT, N_MEMBERS = 400, 5, 10
STARTS = {"wide": 1.0, "zero": 0.0}
"""Standard deviation of the first weights: the source's, and none."""
N_TUNING = 10
# Draws that choose a remedy's strength never meet those that compare remedies.
_TUNING_FROM = 1_000_000
STRENGTHS: Mapping[str, tuple[float, ...]] = {
    # A step multiplies weights by 1 - RATE * decay: from 2 / RATE = 667 on they never shrink.
    "decay": (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 600.0, 650.0),
    "dropout": (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9),
    "noise": (0.1, 0.3, 1.0, 1.4, 2.0, 3.0),
    "inputs": (0, 1, 2, 5, 10, 20, 50, 100, N_INPUTS),
}
"""Settings of a remedy, of which other draws choose one; no choice may lie at an end."""
LIMITS = {"inputs": (0, N_INPUTS)}
"""Ends beyond which there is nothing: no input, and all of them."""
REMEDIES = ("none", "stopping", "decay", "dropout", "noise", "inputs", "members", "data")
STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def train(
    X: Array,
    y: Array,
    models: LinearModels,
    *,
    decay: float = 0.0,
    dropout: float = 0.0,
    noise: float = 0.0,
    seed: int = 0,
    after: Callable[[LinearModels], None] | None = None,
) -> LinearModels:
    """Train every draw's model by SGD on the mean of e^2, as the chapter does.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        models: where to start.
        decay: of the weights, not of the constant.
        dropout: share of the inputs set to 0; the others grow by 1 / (1 - dropout).
        noise: standard deviation of what is added to the inputs in every batch.
        seed: of the order of rows, of masks and of noise.
        after: called with the models at the end of every epoch.

    Cost: 4 R N P flop an epoch.
    """
    n_runs, n_rows = y.shape
    rng = philox(seed, "training")
    w, bias, each = models.weights, models.intercepts, np.arange(n_runs)[:, None]
    for _ in range(EPOCHS):
        places = np.argsort(rng.random((n_runs, n_rows)), axis=1)
        for first in range(0, n_rows, BATCH_SIZE):
            batch = places[:, first : first + BATCH_SIZE]
            rows = X[each, batch]
            if dropout:
                rows = rows * (rng.random(rows.shape) >= dropout) / (1 - dropout)
            if noise:
                rows = rows + noise * rng.standard_normal(rows.shape)
            error = (rows @ w[..., None])[..., 0] + bias[:, None] - y[each, batch]
            step = 2 * RATE / rows.shape[1]
            w = (1 - RATE * decay) * w - step * (error[:, None] @ rows)[:, 0]
            bias = bias - step * error.sum(axis=1)
        if after is not None:
            after(LinearModels(w, bias))
    return LinearModels(w, bias)


@dataclass(frozen=True, eq=False)
class Draws:
    """Training samples of several draws, and where their models start.

    Attributes:
        seeds: of the draws.
        scale: standard deviation of the first weights.
    """

    seeds: range
    scale: float

    def start(self, member: int = 0) -> LinearModels:
        """Return first weights (R, P) and constants (R,)."""
        drawn = [philox(s, "first", member).standard_normal(N_INPUTS + 1) for s in self.seeds]
        numbers = self.scale * np.stack(drawn)
        return LinearModels(numbers[:, :-1], numbers[:, -1])

    def model(self, remedy: str, strength: float | None = None) -> LinearModels:
        """Return what a remedy makes of every draw."""
        X, y = _samples(self.seeds, N_MORE if remedy == "data" else N_TRAIN)
        if remedy == "stopping":
            return self._stopped(X, y)
        if remedy == "members":
            found = [train(X, y, self.start(m), seed=m) for m in range(N_MEMBERS)]
            return LinearModels(
                np.mean([one.weights for one in found], axis=0),
                np.mean([one.intercepts for one in found], axis=0),
            )
        if remedy == "inputs":
            # An input that is always 0 never moves its weight, which has to start at 0 as well.
            seen = np.arange(N_INPUTS) < (strength or 0)
            start = self.start()
            return train(X * seen, y, LinearModels(start.weights * seen, start.intercepts))
        if remedy in ("none", "data"):
            return train(X, y, self.start())
        settings: dict[str, Any] = {remedy: strength}
        return train(X, y, self.start(), **settings)

    def _stopped(self, X: Array, y: Array) -> LinearModels:
        """Return the models of the epoch with the least error on held-out rows."""
        kept, out = slice(0, N_TRAIN - N_HELD_OUT), slice(N_TRAIN - N_HELD_OUT, None)
        at: list[LinearModels] = []
        train(X[:, kept], y[:, kept], self.start(), after=at.append)
        errors = np.stack([m.mean_squared_error(X[:, out], y[:, out]) for m in at])
        best, each = errors.argmin(axis=0), np.arange(len(y))
        return LinearModels(
            np.stack([m.weights for m in at])[best, each],
            np.stack([m.intercepts for m in at])[best, each],
        )


@lru_cache(maxsize=4)
def _samples(seeds: range, n: int) -> tuple[Array, Array]:
    """Return every seed's training rows, read-only: all remedies and strengths see the same."""
    samples = draw_sparse_linear(seeds, n)
    for array in samples:
        array.flags.writeable = False
    return samples


@dataclass(frozen=True, eq=False)
class Compared:
    """Risks of all remedies from both starts, as shares of the variance of y.

    Attributes:
        risks: (start, remedy) -> (R,).
        strengths: (start, remedy) -> the one chosen on other draws.
        mean: risk of predicting the mean of the training targets, (R,).
        stopped: risk after STEPS full-batch steps from 0, (R, T).
        ridge: risk of the ridge that matches, (R, T).
    """

    risks: Mapping[tuple[str, str], Array]
    strengths: Mapping[tuple[str, str], float]
    mean: Array
    stopped: Array
    ridge: Array


@lru_cache(maxsize=2)
@one_thread
def compared(n_draws: int) -> Compared:
    """Train every remedy, at the strength that other draws chose, on these draws."""
    risks: dict[tuple[str, str], Array] = {}
    strengths = chosen_strengths()
    for start, scale in STARTS.items():
        here = Draws(range(n_draws), scale)
        for remedy in REMEDIES:
            risks[start, remedy] = true_risk(here.model(remedy, strengths.get((start, remedy))))
    X, y = _samples(range(n_draws), N_TRAIN)
    mean = true_risk(LinearModels(np.zeros_like(X[:, 0]), y.mean(axis=1)))
    X, y = X - X.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    rate = float(largest_stable_rate(X).min()) / 20
    path = descent_path(X, y, STEPS, rate=rate)
    matching = ridge_path(X, y, [matching_penalty(rate, t) for t in STEPS])
    return Compared(risks, strengths, mean, _weights_risk(path), _weights_risk(matching))


@lru_cache(maxsize=1)
@one_thread
def chosen_strengths() -> Mapping[tuple[str, str], float]:
    """Return (start, remedy) -> the strength with the least error on further rows of other draws.

    All draws of a strength count, so that one that diverges on some of them is not chosen.
    """
    tuning = range(_TUNING_FROM, _TUNING_FROM + N_TUNING)
    further = draw_sparse_linear(tuning, 100, part="test")
    chosen = {}
    for start, scale in STARTS.items():
        others = Draws(tuning, scale)
        for remedy, levels in STRENGTHS.items():
            losses = [others.model(remedy, s).mean_squared_error(*further).mean() for s in levels]
            chosen[start, remedy] = levels[int(np.argmin(losses))]
    return chosen


def _weights_risk(models: LinearModels) -> Array:
    """Return the risk with the true constant, so that only the weights are compared."""
    return true_risk(LinearModels(models.weights, np.full(models.intercepts.shape, BIAS)))
