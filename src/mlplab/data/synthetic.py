"""Regression problems made from a seed, whose true answer is known."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mlplab.data.arrays import task_from_arrays
from mlplab.data.draws import Doubles, Part, draw_polynomial, draw_sparse_linear
from mlplab.data.ranges import expect_at_least, expect_flags, expect_room
from mlplab.data.registry import dataset
from mlplab.data.task import Task
from mlplab.specs import MLP, SGD, Fit, Init, Run


@dataset(
    "polynomial",
    describe="A cubic in one variable with noise; features x^i / i!, i from 0",
    kind="regression",
    n_train=100,
    n_test=100,
    n_features=20,
    origin="made from a seed",
    base=Run(optim=SGD(lr=0.01), fit=Fit(batch_size=10, epochs=100)),
    valid=0.2,
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
        ConfigError: a parameter out of range.
    """
    expect_at_least(1, n_train=n_train, n_test=n_test, n_terms=n_terms)
    expect_room((n_train + n_test) * n_terms, n_train=n_train, n_test=n_test, n_terms=n_terms)
    expect_flags(scaled=scaled)
    parts: list[Doubles] = []
    for part, n in _sizes(n_train, n_test):
        x, y = draw_polynomial([seed], n, part=part, coefficients=coefficients, noise=noise)
        parts += [_powers(x[0], n_terms, scaled=scaled), y[0]]
    return task_from_arrays(*parts, name="polynomial", kind="regression", dtype=dtype)


@dataset(
    "sparse-linear",
    describe="A linear function of many inputs with few examples: made to overfit",
    kind="regression",
    n_train=20,
    n_test=100,
    n_features=200,
    origin="made from a seed",
    # Larger first weights than the answer's would stay: 20 examples leave 180 directions alone.
    base=Run(
        net=MLP(init=Init(kind="uniform", scale=0.01)),
        optim=SGD(lr=0.01),
        fit=Fit(batch_size=4, epochs=50),
    ),
    valid=0.5,
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
        ConfigError: a parameter out of range.
    """
    expect_at_least(1, n_train=n_train, n_test=n_test, n_inputs=n_inputs)
    expect_room((n_train + n_test) * n_inputs, n_train=n_train, n_test=n_test, n_inputs=n_inputs)
    parts: list[Doubles] = []
    for part, n in _sizes(n_train, n_test):
        X, y = draw_sparse_linear(
            [seed], n, part=part, n_inputs=n_inputs, weight=weight, bias=bias, noise=noise
        )
        parts += [X[0], y[0]]
    return task_from_arrays(*parts, name="sparse-linear", kind="regression", dtype=dtype)


def _sizes(n_train: int, n_test: int) -> tuple[tuple[Part, int], ...]:
    return (("train", n_train), ("test", n_test))


def _powers(x: Doubles, n_terms: int, *, scaled: bool) -> Doubles:
    """Return x^i, or x^i / i!, (N, n_terms), by products alone: the same bits on any machine."""
    terms = np.ones((len(x), n_terms))
    with np.errstate(over="ignore"):  # the task names what does not fit
        for i in range(1, n_terms):
            terms[:, i] = terms[:, i - 1] * x
            if scaled:
                terms[:, i] /= i
    return terms
