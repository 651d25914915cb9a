"""The linear pieces of a ReLU network with one input, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError

Array = NDArray[np.float64]
Layers = Sequence[tuple[ArrayLike, ArrayLike]]


@dataclass(frozen=True, eq=False)
class Pieces:
    """A continuous piecewise linear function on an interval.

    Attributes:
        points: the interval's ends with the breakpoints between them, growing, (P + 1,).
        values: of each output there, (P + 1, O).
    """

    points: Array
    values: Array

    @property
    def breakpoints(self) -> Array:
        """Where a slope changes, (P - 1,)."""
        return self.points[1:-1]

    @property
    def slopes(self) -> Array:
        """Of each piece and output, (P, O)."""
        return np.asarray(np.diff(self.values, axis=0) / np.diff(self.points)[:, None])

    def __len__(self) -> int:
        return len(self.points) - 1


def pieces(layers: Layers, interval: tuple[float, float], slope: float = 0.0) -> Pieces:
    """Return the pieces of a network of one input on an interval.

    Layer by layer, each unit's input is linear between the points known so far; where it crosses
    zero there is a further point. Points at which no slope of an output changes are dropped.

    Args:
        layers: (weight (O, I), bias (O,)) of each layer; the activation lies between layers.
        interval: its two ends.
        slope: of the activation for negative inputs: 0 for ReLU, any number for pReLU.

    Raises:
        ConfigError: the network does not have one input.

    Cost: proportional to pieces x weights.

    >>> tent = [([[1.0], [1.0]], [0.0, -1.0]), ([[1.0, -2.0]], [0.0])]
    >>> pieces(tent, (-1, 2)).breakpoints.tolist()
    [0.0, 1.0]
    """
    matrices = [
        (np.asarray(weight, dtype=np.float64), np.asarray(bias, dtype=np.float64))
        for weight, bias in layers
    ]
    if not matrices or matrices[0][0].ndim != 2 or matrices[0][0].shape[1] != 1:
        shape = matrices[0][0].shape if matrices else ()
        raise ConfigError(f"layers: expected a first weight of shape (units, 1); got {shape}")
    points = np.array([interval[0], interval[1]], dtype=np.float64)
    h = points[:, None]
    for place, (weight, bias) in enumerate(matrices):
        z = h @ weight.T + bias
        if place == len(matrices) - 1:
            return _merged(points, z)
        points, z = _with_crossings(points, z)
        h = np.where(z > 0, z, slope * z)
    raise AssertionError("the last layer returns")


def _with_crossings(points: Array, z: Array) -> tuple[Array, Array]:
    """Add the points at which a unit's input is zero, exactly zero there."""
    left, right = z[:-1], z[1:]
    piece, unit = np.nonzero(left * right < 0)
    share = left[piece, unit] / (left[piece, unit] - right[piece, unit])
    new = points[piece] + share * (points[piece + 1] - points[piece])
    rows = left[piece] + share[:, None] * (right[piece] - left[piece])
    # Exactly: rounding would leave a tiny value, and a second crossing beside this one.
    rows[np.arange(len(unit)), unit] = 0.0
    order = np.argsort(np.concatenate([points, new]), kind="stable")
    return np.concatenate([points, new])[order], np.concatenate([z, rows])[order]


def _merged(points: Array, values: Array) -> Pieces:
    """Drop points that coincide, and those where nothing bends."""
    span = points[-1] - points[0]
    # Crossings of several units at one place differ by rounding alone.
    keep = np.concatenate([[True], np.diff(points) > 1e-13 * span])
    keep[-1] = True
    if len(points) > 2 and points[-1] - points[-2] <= 1e-13 * span:
        keep[-2] = False
    points, values = points[keep], values[keep]
    slopes = np.diff(values, axis=0) / np.diff(points)[:, None]
    size = np.abs(slopes).max() if len(slopes) else 0.0
    bends = np.abs(np.diff(slopes, axis=0)).max(axis=1) > 1e-10 * max(size, 1e-300)
    keep = np.concatenate([[True], bends, [True]])
    return Pieces(points[keep], values[keep])
