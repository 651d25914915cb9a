"""Regression samples of many seeds at once, as arrays: each seed draws its own.

They are the numbers of the data sets `polynomial` and `sparse-linear` in float64, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from mlplab.data.ranges import (
    expect_at_least,
    expect_each_finite,
    expect_finite,
    expect_not_negative,
    expect_room,
    expect_whole,
)
from mlplab.errors import ConfigError
from mlplab.specs.keyed import philox

Doubles = npt.NDArray[np.float64]
Part = Literal["train", "test"]
_PARTS = {"train": 0, "test": 1}


def draw_polynomial(
    seeds: Sequence[int],
    n: int,
    *,
    part: Part = "train",
    coefficients: Sequence[float] = (5.0, 1.2, -3.4, 5.6),
    noise: float = 0.1,
) -> tuple[Doubles, Doubles]:
    """Draw y = sum_i w_i x^i / i! + noise, x and noise standard normal, for every seed.

    Fewer examples are a prefix of more, and x does not depend on coefficients or noise.

    Args:
        seeds: R of them.
        n: examples of each, N.
        part: train and test examples are independent.
        coefficients: w, from power 0.
        noise: standard deviation of the noise.

    Returns:
        x (R, N), of which features are made, and y (R, N).

    Raises:
        ConfigError: no seeds, a number out of range, or an unknown part.

    Cost: about 30 microseconds a seed for 100 examples.

    >>> x, y = draw_polynomial([0, 1], 50)
    >>> longer, _ = draw_polynomial([0, 1], 60)
    >>> x.shape, bool((longer[:, :50] == x).all())
    ((2, 50), True)
    """
    place = _checked(seeds, part, noise, n=n)
    expect_each_finite(coefficients=coefficients)
    x, error = np.empty((len(seeds), n)), np.empty((len(seeds), n))
    for run, seed in enumerate(seeds):
        philox(seed, "polynomial/x", place).standard_normal(out=x[run])
        philox(seed, "polynomial/noise", place).standard_normal(out=error[run])
    y = noise * error
    term = np.ones_like(x)
    for i, w in enumerate(coefficients):
        if i:
            term = term * x / i
        y = y + w * term
    return x, y


def draw_sparse_linear(
    seeds: Sequence[int],
    n: int,
    *,
    part: Part = "train",
    n_inputs: int = 200,
    weight: float = 0.01,
    bias: float = 0.05,
    noise: float = 0.01,
) -> tuple[Doubles, Doubles]:
    """Draw y = bias + weight * sum_i x_i + noise, x and noise standard normal, for every seed.

    Fewer examples or inputs are a prefix of more.

    Args:
        seeds: R of them.
        n: examples of each, N.
        part: train and test examples are independent.
        n_inputs: P.
        weight: the coefficient that all inputs share.
        bias: the constant.
        noise: standard deviation of the noise.

    Returns:
        X (R, N, P) and y (R, N).

    Raises:
        ConfigError: no seeds, a number out of range, or an unknown part.

    Cost: about 15 microseconds a seed and input.

    >>> X, y = draw_sparse_linear([0, 1], 20, n_inputs=3, noise=0)
    >>> X.shape, bool((abs(y - 0.05 - 0.01 * X.sum(axis=2)) < 1e-14).all())
    ((2, 20, 3), True)
    """
    place = _checked(seeds, part, noise, n=n, n_inputs=n_inputs)
    expect_finite(weight=weight, bias=bias)
    X, error = np.empty((len(seeds), n, n_inputs)), np.empty((len(seeds), n))
    for run, seed in enumerate(seeds):
        philox(seed, "sparse-linear/noise", place).standard_normal(out=error[run])
        for i in range(n_inputs):
            # A stream per input: fewer examples and fewer inputs are both prefixes.
            X[run, :, i] = philox(seed, "sparse-linear/x", place, i).standard_normal(n)
    y = bias + noise * error
    for i in range(n_inputs):
        y = y + weight * X[:, :, i]
    return X, y


def _checked(seeds: Sequence[int], part: str, noise: float, **sizes: int) -> int:
    """Return the number that stands for the part in the keys."""
    expect_at_least(1, **sizes)
    expect_not_negative(noise=noise)
    if not len(seeds):
        raise ConfigError("seeds: expected at least one; got none")
    for seed in seeds:
        expect_whole(seed=seed)
    expect_room(len(seeds) * math.prod(sizes.values()), seeds=len(seeds), **sizes)
    if part not in _PARTS:
        raise ConfigError(f"part: expected train or test; got {part!r}")
    return _PARTS[part]
