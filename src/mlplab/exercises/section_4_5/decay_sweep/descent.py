"""The chapter's training of a linear model, for many samples at once.

Batches span at most the directions of the training rows. Only along these does the loss move the
weights; all that lies across them is multiplied by 1 - rate * decay in every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlplab.specs.keyed import philox

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """Training rows of many draws in the coordinates of their own directions.

    Attributes:
        rows: (R, N, K), X = rows @ basis.
        basis: orthonormal rows, (R, K, P).
        y: (R, N).
    """

    rows: Array
    basis: Array
    y: Array


@dataclass(frozen=True, eq=False)
class Weights:
    """Linear models of R draws and L settings: along the rows' directions, across them, constant.

    Attributes:
        along: (R, L, K).
        across: what the weights across were multiplied by since the start, (L,).
        bias: (R, L).
    """

    along: Array
    across: Array
    bias: Array


def sample_of(X: Array, y: Array) -> Sample:
    """Decompose inputs (R, N, P), N at most P, into coordinates and directions."""
    turned, lower = np.linalg.qr(X.transpose(0, 2, 1))
    return Sample(lower.transpose(0, 2, 1), turned.transpose(0, 2, 1), y)


def start_at(sample: Sample, w: Array, bias: Array, n_settings: int) -> Weights:
    """Return weights (R, P) and constants (R,) as the start of every setting."""
    along = (sample.basis @ w[..., None])[..., 0]
    return Weights(
        np.repeat(along[:, None], n_settings, axis=1),
        np.ones(n_settings),
        np.repeat(bias[:, None], n_settings, axis=1),
    )


def descend(
    sample: Sample,
    start: Weights,
    decays: Array,
    *,
    rate: float,
    epochs: int,
    batch_size: int,
    seed: int,
) -> Weights:
    """Train by SGD on the mean of e^2 with weight decay that leaves the constant alone.

    Args:
        sample: of R draws.
        start: of R draws and L settings.
        decays: weight decay of each setting, (L,).
        rate, epochs, batch_size: as the chapter's.
        seed: of the order of the rows, which all settings of a draw share.

    Cost: 4 R L N K flop an epoch.
    """
    n_runs, n_rows = sample.y.shape
    order = philox(seed, "order of rows")
    shrink = (1 - rate * decays)[:, None]
    along, bias = start.along.copy(), start.bias.copy()
    each = np.arange(n_runs)[:, None]
    for _ in range(epochs):
        places = np.argsort(order.random((n_runs, n_rows)), axis=1)
        rows, y = sample.rows[each, places], sample.y[each, places]
        for first in range(0, n_rows, batch_size):
            X = rows[:, first : first + batch_size]
            error = along @ X.transpose(0, 2, 1) + bias[..., None]
            error -= y[:, None, first : first + batch_size]
            step = 2 * rate / X.shape[1]
            along = shrink * along - step * (error @ X)
            bias = bias - step * error.sum(axis=-1)
    n_steps = epochs * -(-n_rows // batch_size)
    return Weights(along, start.across * shrink[:, 0] ** n_steps, bias)


def all_weights(sample: Sample, weights: Weights, w: Array) -> Array:
    """Return the weights themselves, (R, L, P), of models that started at w (R, P)."""
    inside = (sample.basis @ w[..., None])[..., 0]
    outside = w - (inside[:, None] @ sample.basis)[:, 0]
    return np.asarray(weights.along @ sample.basis + weights.across[:, None] * outside[:, None])
