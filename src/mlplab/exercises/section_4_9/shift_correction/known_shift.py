"""A regression whose inputs shift by a known ratio of densities; every seed draws its own rows."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Literal

import numpy as np

from mlplab.data import Task, dataset, task_from_arrays
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_9.cartooned import Array
from mlplab.exercises.section_4_9.shift_correction.rounding import rounded
from mlplab.specs import TaskRef
from mlplab.specs.keyed import philox

N = 100
"""Training rows, and as many inputs of the target."""
N_TARGET = 4000
"""Inputs of the target on which a run is judged."""
NOISE = 0.3
TRAIN, TARGET = (0.5, 0.5), (0.0, 0.3)
"""Mean and deviation of the inputs."""
WEIGHTINGS = ("none", "true", "flattened", "clipped", "odds", "ulsif", "kmm")


def true_function(x: Array) -> Array:
    """Return x^3 - x."""
    return np.asarray(x**3 - x)


def true_ratio(x: Array) -> Array:
    """Return the density of the target over that of the training rows.

    >>> float(true_ratio(np.array([0.0])).round(3))
    2.748
    """

    def log_density(mean: float, deviation: float) -> Array:
        return np.asarray(-0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation))

    return np.asarray(np.exp(log_density(*TARGET) - log_density(*TRAIN)))


def draw(seed: int, part: int = 0) -> tuple[Array, Array, Array]:
    """Draw a seed's training inputs and targets and its unlabelled target inputs, (N,) each."""
    x = TRAIN[0] + TRAIN[1] * philox(seed, "known shift/x", part).standard_normal(N)
    y = true_function(x) + NOISE * philox(seed, "known shift/noise", part).standard_normal(N)
    new = TARGET[0] + TARGET[1] * philox(seed, "known shift/target", part).standard_normal(N)
    return x, y, new


@cache
@one_thread
def weights(seed: int, how: str) -> Array:
    """Return the weights of a seed's training rows, (N,), of mean 1 and rounded."""
    x, _, new = draw(seed)
    if how in ("ulsif", "kmm"):
        from mlplab.shift import correct

        method: Literal["ulsif", "kmm"] = "ulsif" if how == "ulsif" else "kmm"
        return rounded(correct(x[:, None], new[:, None], method).ratios)
    if how == "odds":
        return rounded(_odds(x, new))
    ratio = true_ratio(x)
    changed = {"flattened": np.sqrt(ratio), "clipped": np.minimum(ratio, 1.0)}
    return rounded(changed.get(how, ratio))


def _odds(x: Array, new: Array) -> Array:
    """Return a classifier's odds; of two normal densities they are those of a parabola."""
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate([x, new])
    rows = np.stack([both, both**2], axis=1)
    labels = np.repeat([0, 1], [len(x), len(new)])
    model = LogisticRegression(C=100.0, max_iter=2000).fit(rows, labels)
    return np.asarray(np.exp(model.decision_function(rows[: len(x)])))


@dataset(
    "known-shift",
    describe="x^3 - x with noise; inputs to predict lie elsewhere; a block of rows for each seed",
    kind="regression",
    origin="made from a seed",
)
def _known_shift(*, n_seeds: int = 1, weighting: str = "none") -> Task:
    draws = [draw(seed) for seed in range(n_seeds)]
    x, y = (np.concatenate([one[k] for one in draws]) for k in (0, 1))
    new = TARGET[0] + TARGET[1] * philox(0, "known shift/judged").standard_normal(N_TARGET)
    given = None
    if weighting != "none":
        given = np.concatenate([weights(seed, weighting) for seed in range(n_seeds)])
    # Without noise: what a prediction misses is then its excess risk alone.
    judged = true_function(new)
    return task_from_arrays(x[:, None], y, new[:, None], judged, kind="regression", weights=given)


def task(n_seeds: int, weighting: str) -> TaskRef:
    """Return the data of so many seeds, a block of rows for each."""
    return TaskRef(name="known-shift", params={"n_seeds": n_seeds, "weighting": weighting})


@lru_cache(maxsize=2)
def estimate_errors(n_draws: int) -> tuple[Array, Array]:
    """Return |estimate - truth| of the target risk of y = 0, by plain and by normalised weights.

    Sum of w loss over N, and over the sum of w, (R,) each, of draws that train nothing.
    """
    x = philox(0, "known shift/judged").standard_normal(N_TARGET) * TARGET[1] + TARGET[0]
    truth = np.square(true_function(x)).mean() + NOISE**2
    plain, normalised = [], []
    for seed in range(n_draws):
        inputs, y, _ = draw(seed, part=1)
        ratio, losses = true_ratio(inputs), np.square(y)
        plain.append(abs((ratio * losses).mean() - truth))
        normalised.append(abs((ratio * losses).sum() / ratio.sum() - truth))
    return np.array(plain), np.array(normalised)
