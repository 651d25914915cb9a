"""A regression problem whose true risk is known, sampled with one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task, dataset, task_from_arrays
from mlplab.exercises.section_4_9.logistic import sigmoid
from mlplab.specs import TaskRef
from mlplab.specs.keyed import philox

Array = NDArray[np.float64]

N, N_INPUTS, NOISE = 200, 8, 0.5
SLOPE, KINK = 1.0, 2.0
OUTLIER = 5.0
"""Standard deviation of what is added to a target that is an outlier."""
FRESH = 4000
"""Fresh rows of every draw, on which its true risk is estimated."""
BAYES = NOISE**2
"""Risk of the true function: nothing predicts better."""
LINEAR = BAYES + KINK**2 * (1 - 2 / np.pi)
"""Risk of the best linear function: it misses all of |x|, whose variance is 1 - 2 / pi."""
SLOPED_ONLY = LINEAR
"""Risk of the best function of the first input alone: the second one's |x| is noise to it."""


@dataclass(frozen=True)
class Sampling:
    """How training rows come to be; the defaults are the population itself.

    Attributes:
        n_inputs: of which the first two matter.
        noise: standard deviation of the targets around the true function.
        outliers: share of targets to which N(0, 5^2) is added by mistake.
        selection: s; a row is kept with a probability proportional to sigmoid(s x_2).
        missing: share of the cells of the inputs that are lost and filled with the mean, 0.
    """

    n_inputs: int = N_INPUTS
    noise: float = NOISE
    outliers: float = 0.0
    selection: float = 0.0
    missing: float = 0.0


def true_function(X: Array) -> Array:
    """Return x_1 + 2 |x_2| of inputs (..., P): four ReLU units can express it."""
    kink = np.abs(X[..., 1]) if X.shape[-1] > 1 else 0.0
    return np.asarray(SLOPE * X[..., 0] + KINK * kink)


def draw(seed: int, n: int, how: Sampling, part: int = 0) -> tuple[Array, Array, Array]:
    """Draw rows for one seed: inputs as seen (N, P), targets (N,), and the true function (N,).

    Fewer rows or inputs are a prefix of more, and samplings of a seed share their numbers.
    The second input is |z| with the sign + with probability sigmoid(s |z|): for a normal z this
    is the density 2 phi(x) sigmoid(s x), that of normal rows kept with probability sigmoid(s x).

    Args:
        seed: of the draw.
        n: rows.
        how: they come to be.
        part: 0 the rows that train; others are independent of them.
    """
    columns = [philox(seed, "risk/x", part, i).standard_normal(n) for i in range(how.n_inputs)]
    signs = philox(seed, "risk/sign", part).random(n)
    if how.n_inputs > 1:
        size = np.abs(columns[1])
        columns[1] = np.where(signs < sigmoid(how.selection * size), size, -size)
    X = np.stack(columns, axis=1)
    truth = true_function(X)
    y = truth + how.noise * philox(seed, "risk/noise", part).standard_normal(n)
    wrong = philox(seed, "risk/outlier", part).random(n) < how.outliers
    y = y + wrong * OUTLIER * philox(seed, "risk/outlier", part, 1).standard_normal(n)
    if how.missing:
        cells = [philox(seed, "risk/missing", part, i).random(n) for i in range(how.n_inputs)]
        X = np.where(np.stack(cells, axis=1) < how.missing, 0.0, X)
    return X, y, truth


def selection_weights(X: Array, selection: float) -> Array:
    """Return population over selected density, 1 / (2 sigmoid(s x_2)), of inputs (..., P).

    >>> selection_weights(np.array([[0.0, -3.0]]), 0.0)
    array([1.])
    """
    return np.asarray(0.5 / sigmoid(selection * X[..., 1]))


def stacked(seeds: Sequence[int], n: int, how: Sampling, part: int = 0) -> tuple[Array, ...]:
    """Return `draw` of several seeds: (R, N, P), (R, N), (R, N)."""
    parts = zip(*(draw(seed, n, how, part) for seed in seeds), strict=True)
    return tuple(np.stack(one) for one in parts)


@dataset(
    "kinked-line",
    describe="x1 + 2 |x2| with noise, sampled well or badly; a block of rows for each seed",
    kind="regression",
    origin="made from a seed",
)
def _kinked_line(
    *,
    n_seeds: int = 1,
    n: int = N,
    n_inputs: int = N_INPUTS,
    noise: float = NOISE,
    outliers: float = 0.0,
    selection: float = 0.0,
    missing: float = 0.0,
) -> Task:
    X, y, _ = stacked(range(n_seeds), n, Sampling(n_inputs, noise, outliers, selection, missing))
    return task_from_arrays(X.reshape(-1, X.shape[-1]), y.ravel(), kind="regression")


def task(n_seeds: int, n: int, how: Sampling) -> TaskRef:
    """Return the data of so many seeds, a block of n rows for each."""
    return TaskRef(name="kinked-line", params={"n_seeds": n_seeds, "n": n, **asdict(how)})
