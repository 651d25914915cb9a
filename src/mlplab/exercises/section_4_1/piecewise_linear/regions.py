"""The linear regions of a ReLU network with two inputs, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Beside the size of a region: what is thinner comes of rounding.
_THIN = 1e-9


@dataclass(frozen=True, eq=False)
class Region:
    """A convex polygon on which a network is one affine map.

    Attributes:
        corners: in order around it, (V, 2).
        weight: of the affine map there, (O, 2).
        bias: of it, (O,).
    """

    corners: Array
    weight: Array
    bias: Array


def regions(
    layers: Sequence[tuple[Array, Array]], reach: float, slope: float = 0.0
) -> list[Region]:
    """Return the regions of a network of two inputs in the square from -reach to reach.

    Layer by layer, each unit's input is affine on the regions known so far; the line on which it
    is zero cuts them.

    Args:
        layers: (weight (O, I), bias (O,)) of each layer; the activation lies between layers.
        reach: half the square's side.
        slope: of the activation for negative inputs.

    Cost: proportional to regions x weights.

    >>> one = [(np.eye(2), np.zeros(2)), (np.ones((1, 2)), np.zeros(1))]
    >>> len(regions(one, 1.0))
    4
    """
    square = reach * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    found = [Region(square, np.eye(2), np.zeros(2))]
    for place, (weight, bias) in enumerate(layers):
        found = [Region(r.corners, weight @ r.weight, weight @ r.bias + bias) for r in found]
        if place < len(layers) - 1:
            found = [part for region in found for part in _activated(region, slope)]
    return found


def _activated(region: Region, slope: float) -> list[Region]:
    """Cut a region by all units of a layer, and apply the activation on each part."""
    parts = [region.corners]
    for weight, bias in zip(region.weight, region.bias, strict=True):
        parts = [part for corners in parts for part in _cut(corners, corners @ weight + bias)]
    active = []
    for corners in parts:
        z = region.weight @ corners.mean(axis=0) + region.bias
        factor = np.where(z > 0, 1.0, slope)
        active.append(Region(corners, factor[:, None] * region.weight, factor * region.bias))
    return active


def _cut(corners: Array, values: Array) -> list[Array]:
    """Cut a polygon where values, affine and given at its corners, are zero."""
    thin = _THIN * float(np.abs(values).max())
    if values.min() > -thin or values.max() < thin:
        return [corners]
    parts: list[list[Array]] = [[], []]
    for one, value, other, next_value in zip(
        corners, values, np.roll(corners, -1, axis=0), np.roll(values, -1), strict=True
    ):
        for part, sign in zip(parts, (1, -1), strict=True):
            if sign * value >= 0:
                part.append(one)
            if value * next_value < 0:
                part.append(one + value / (value - next_value) * (other - one))
    return [np.array(part) for part in parts]
