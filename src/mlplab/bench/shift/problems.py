"""Ten shifts, and the kinds of data without any, from which both samples are drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pair = tuple[Any, Any]
Problem = Callable[[Generator, int], Pair]
"""From a generator and a number of rows, both samples."""

_D = 10


def _normal(rng: Generator, n: int, d: int = _D) -> Array:
    return rng.standard_normal((n, d))


def mean(rng: Generator, n: int) -> Pair:
    """One mean of ten moves by 0.25 deviations."""
    second = _normal(rng, n)
    second[:, 0] += 0.25
    return _normal(rng, n), second


def scale(rng: Generator, n: int) -> Pair:
    """All ten deviations grow by a tenth."""
    return _normal(rng, n), 1.1 * _normal(rng, n)


def rotation(rng: Generator, n: int) -> Pair:
    """Two of ten columns correlate by 0.35, then by -0.35; no column alone changes."""
    first, second = _normal(rng, n), _normal(rng, n)
    for rows, sign in ((first, 1), (second, -1)):
        rows[:, 1] = sign * 0.35 * rows[:, 0] + np.sqrt(1 - 0.35**2) * rows[:, 1]
    return first, second


def mixture(rng: Generator, n: int) -> Pair:
    """Nine round groups on a grid; then each is stretched along the diagonal."""
    shapes = np.eye(2), np.linalg.cholesky([[1, 0.65], [0.65, 1]])
    first, second = (
        10.0 * rng.integers(3, size=(n, 2)) + _normal(rng, n, 2) @ shape.T for shape in shapes
    )
    return first, second


def perturbed(rng: Generator, n: int) -> Pair:
    """Uniform in a square; then of density 1 + 0.9 sin(4 pi x) sin(4 pi y)."""

    def draw(m: int) -> Array:
        kept = np.empty((0, 2))
        while len(kept) < m:
            x = rng.random((2 * m, 2))
            waves = np.sin(4 * np.pi * x).prod(axis=1)
            kept = np.concatenate([kept, x[rng.random(2 * m) * 1.9 < 1 + 0.9 * waves]])
        return kept[:m]

    return rng.random((n, 2)), draw(n)


def one_column(rng: Generator, n: int) -> Pair:
    """One column of fifty moves by 0.4 deviations."""
    second = _normal(rng, n, 50)
    second[:, 7] += 0.4
    return _normal(rng, n, 50), second


def table(rng: Generator, n: int) -> Any:
    """Return a table of numbers with gaps and of categories."""
    import pandas as pd

    frame = pd.DataFrame(_normal(rng, n, 4), columns=list("abcd"))
    frame["b"] = np.exp(frame["b"])
    frame["town"] = rng.choice(["Bern", "Oslo", "Riga", "Rome"], n, p=[0.4, 0.3, 0.2, 0.1])
    frame.loc[rng.random(n) < 0.05, "c"] = np.nan
    return frame


def missingness(rng: Generator, n: int) -> Pair:
    """Gaps of one column of five, from 5 % to 12 %."""
    second = table(rng, n)
    second.loc[rng.random(n) < 0.07, "c"] = np.nan
    return table(rng, n), second


def new_category(rng: Generator, n: int) -> Pair:
    """Of one column, 3 % of entries become a level that was not there."""
    second = table(rng, n)
    second.loc[rng.random(n) < 0.03, "town"] = "Wien"
    return table(rng, n), second


def images(rng: Generator, n: int) -> Pair:
    """Fashion-MNIST in squares of 7 x 7 means; then half of one class less."""
    pictures, classes = _pictures()
    return _by_class(rng, n, pictures, classes)


def outputs(rng: Generator, n: int) -> Pair:
    """A network's ten outputs for images; then half of one class less."""
    said, classes = _outputs()
    return _by_class(rng, n, said, classes)


def _by_class(rng: Generator, n: int, rows: Array, classes: NDArray[np.int64]) -> Pair:
    order = rng.permutation(len(rows))
    first, rest = order[:n], order[n:]
    kept = rest[(classes[rest] != 0) | (rng.random(len(rest)) < 0.5)]
    return rows[first], rows[kept[:n]]


PROBLEMS: dict[str, Problem] = {
    "mean": mean,
    "scale": scale,
    "rotation": rotation,
    "mixture": mixture,
    "perturbed density": perturbed,
    "one column of fifty": one_column,
    "missingness": missingness,
    "new category": new_category,
    "images": images,
    "model outputs": outputs,
}


def _apart(auc: float) -> Problem:
    """One mean of ten moves as far as the best score, that column, needs for this AUC."""
    from scipy.stats import norm

    step = float(np.sqrt(2) * norm.ppf(auc))

    def draw(rng: Generator, n: int) -> Pair:
        second = _normal(rng, n)
        second[:, 0] += step
        return _normal(rng, n), second

    return draw


SIZES: dict[str, Problem] = {str(auc): _apart(auc) for auc in (0.5, 0.53, 0.549, 0.57)}
"""Shifts by the AUC of the best score that there is."""


def _halves(rows: Array) -> Problem:
    def draw(rng: Generator, n: int) -> Pair:
        order = rng.permutation(len(rows))
        return rows[order[:n]], rows[order[n : 2 * n]]

    return draw


def no_shift() -> dict[str, Problem]:
    """Return kinds of data whose two samples are alike."""
    return {
        "numbers": lambda rng, n: (_normal(rng, n), _normal(rng, n)),
        "tables": lambda rng, n: (table(rng, n), table(rng, n)),
        "images": _halves(_pictures()[0]),
        "model outputs": _halves(_outputs()[0]),
    }


@lru_cache(maxsize=1)
def _pictures() -> tuple[Array, NDArray[np.int64]]:
    from mlplab.data import load_task

    task = load_task("fashion-mnist")
    pixels = task.inputs[task.pool].reshape(-1, 7, 4, 7, 4)
    means = pixels.mean(axis=(2, 4), dtype=np.float64).reshape(-1, 49)
    return means, task.targets[task.pool]


@lru_cache(maxsize=1)
def _outputs() -> tuple[Array, NDArray[np.int64]]:
    """What a small network says of images that it did not learn from."""
    from mlplab.data import task_from_arrays
    from mlplab.engine.weights import predict
    from mlplab.shift.detection.networks import trained
    from mlplab.specs import MLP, Adam, Fit, Run, SeedSplit

    pictures, classes = _pictures()
    n, rows = 10_000, (pictures / 255).astype(np.float32)
    task = task_from_arrays(rows[:n], classes[:n], kind="classification")
    base = Run(net=MLP(hidden=(64,)), optim=Adam(lr=0.003), fit=Fit(epochs=10, batch_size=64))
    ((_, run, weights),) = trained(task, base, [SeedSplit()], 1, 1)
    return predict(run, weights, rows[n:]).astype(np.float64), classes[n:]
