"""Regression problems made from a seed, whose true answer is known."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mlplab.data.arrays import task_from_arrays
from mlplab.data.ranges import expect_at_least, expect_not_negative
from mlplab.data.registry import dataset
from mlplab.data.task import Task
from mlplab.specs.keyed import philox

Doubles = npt.NDArray[np.float64]
TRAIN, TEST = 0, 1


@dataset(
    "polynomial",
    describe="A cubic in one variable with noise; features x^i / i!, i from 0",
    kind="regression",
    n_train=100,
    n_test=100,
    n_features=20,
    origin="made from a seed",
)
def polynomial(
    *,
    n_train: int = 100,
    n_test: int = 100,
    n_terms: int = 20,
    coefficients: tuple[float, ...] = (5.0, 1.2, -3.4, 5.6),
    noise: float = 0.1,
    scaled: bool = True,
    seed: int = 0,
    dtype: Literal["float32", "float64"] = "float32",
) -> Task:
    """Draw y = sum_i w_i x^i / i! + noise, x and noise standard normal.

    Fewer examples or terms are a prefix of more: all else stays the same numbers.

    Args:
        n_train: examples of the training pool.
        n_test: examples of the test split.
        n_terms: features of an example: the powers 0 to n_terms - 1.
        coefficients: w, from power 0; powers beyond n_terms still enter y.
        noise: standard deviation of the noise.
        scaled: divide feature i by i!; y does not change.
        seed: decides the draw.
        dtype: what the numbers are kept in.

    Raises:
        ConfigError: a size below 1 or noise below 0.
    """
    expect_at_least(1, n_train=n_train, n_test=n_test, n_terms=n_terms)
    expect_not_negative(noise=noise)
    parts: list[Any] = []
    for split, n in ((TRAIN, n_train), (TEST, n_test)):
        x = philox(seed, "polynomial/x", split).standard_normal(n)
        terms = _powers(x, len(coefficients), scaled=True)
        y = noise * philox(seed, "polynomial/noise", split).standard_normal(n)
        for i, w in enumerate(coefficients):
            y = y + w * terms[:, i]
        parts += [_powers(x, n_terms, scaled=scaled), y]
    return task_from_arrays(*parts, name="polynomial", kind="regression", dtype=dtype)


@dataset(
    "sparse-linear",
    describe="A linear function of many inputs with few examples: made to overfit",
    kind="regression",
    n_train=20,
    n_test=100,
    n_features=200,
    origin="made from a seed",
)
def sparse_linear(
    *,
    n_train: int = 20,
    n_test: int = 100,
    n_inputs: int = 200,
    weight: float = 0.01,
    bias: float = 0.05,
    noise: float = 0.01,
    seed: int = 0,
    dtype: Literal["float32", "float64"] = "float32",
) -> Task:
    """Draw y = bias + weight * sum_i x_i + noise, x and noise standard normal.

    Fewer examples or inputs are a prefix of more.

    Args:
        n_train: examples of the training pool.
        n_test: examples of the test split.
        n_inputs: features of an example.
        weight: the coefficient that all inputs share.
        bias: the constant.
        noise: standard deviation of the noise.
        seed: decides the draw.
        dtype: what the numbers are kept in.

    Raises:
        ConfigError: a size below 1 or noise below 0.
    """
    expect_at_least(1, n_train=n_train, n_test=n_test, n_inputs=n_inputs)
    expect_not_negative(noise=noise)
    parts: list[Any] = []
    for split, n in ((TRAIN, n_train), (TEST, n_test)):
        x = np.empty((n, n_inputs))
        y = bias + noise * philox(seed, "sparse-linear/noise", split).standard_normal(n)
        for i in range(n_inputs):
            x[:, i] = philox(seed, "sparse-linear/x", split, i).standard_normal(n)
            y = y + weight * x[:, i]
        parts += [x, y]
    return task_from_arrays(*parts, name="sparse-linear", kind="regression", dtype=dtype)


def _powers(x: Doubles, n_terms: int, *, scaled: bool) -> Doubles:
    """Return x^i, or x^i / i!, (N, n_terms), by products alone: the same bits on any machine."""
    terms = np.ones((len(x), n_terms))
    for i in range(1, n_terms):
        terms[:, i] = terms[:, i - 1] * x
        if scaled:
            terms[:, i] /= i
    return terms
