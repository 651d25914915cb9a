"""Planes in the space of a network's weights: along random directions, or through networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.specs.keyed import philox

Weights = Mapping[str, NDArray[Any]]
"""A network's numbers by name, as `Runs.weights` gives them: `layers.0.weight`, ..."""

_ROOM = 0.3  # around what is marked, as a share of its extent


@dataclass(frozen=True, eq=False)
class Plane:
    """The points origin + x * across + y * up.

    Attributes:
        origin, across, up: by name, each with the shapes of the weights.
        marks: networks that lie in the plane: name -> (x, y).
        x, y: the window that is worth looking at: (least, largest).
    """

    origin: Weights
    across: Weights
    up: Weights
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    x: tuple[float, float] = (-1.0, 1.0)
    y: tuple[float, float] = (-1.0, 1.0)

    def at(self, x: float, y: float) -> dict[str, NDArray[Any]]:
        """Return the weights at a point, by name."""
        return {
            name: value + x * self.across[name] + y * self.up[name]
            for name, value in self.origin.items()
        }


def random_plane(weights: Weights, seed: int = 0, name: str = "trained") -> Plane:
    """Return the plane through a network along two random directions, filter by filter.

    Directions are normal; the numbers of each unit (a row of a weight matrix) are scaled to the
    norm of the unit's own weights, so that networks whose layers have other scales look alike if
    they compute alike. Biases, gains and slopes stay as they are. At distance 1 every unit has
    moved by the length of its weights.

    Source: Li et al. (2018), arXiv 1712.09913.

    Args:
        weights: of a network, from `Runs.weights`.
        seed: decides the directions.
        name: of the network's mark, at (0, 0).

    >>> one = {"layers.0.weight": np.array([[3.0, 4.0]]), "layers.0.bias": np.ones(1)}
    >>> plane = random_plane(one)
    >>> float(np.linalg.norm(plane.across["layers.0.weight"])), plane.up["layers.0.bias"]
    (5.0, array([0.]))
    """
    generator = philox(seed, "directions of a plane", 0, 0)

    def direction() -> dict[str, NDArray[Any]]:
        out = {}
        for key, value in weights.items():
            if key.endswith(".weight"):
                drawn = generator.standard_normal(value.shape)
                size = np.linalg.norm(value, axis=1, keepdims=True)
                out[key] = drawn * size / np.linalg.norm(drawn, axis=1, keepdims=True)
            else:
                out[key] = np.zeros(value.shape)
        return out

    return Plane(weights, direction(), direction(), {name: (0.0, 0.0)})


def plane_through(networks: Mapping[str, Weights]) -> Plane:
    """Return the plane through three networks; distances in it are those between the weights.

    The first is at (0, 0), the second at (d, 0). All that is learned moves: weights, biases,
    gains and slopes.

    Source: Garipov et al. (2018), arXiv 1802.10026.

    Args:
        networks: name -> weights, three of one shape.

    Raises:
        ConfigError: not three, of unequal shapes, or on one line.

    >>> one, two, three = ({"w": np.array(v)} for v in ([0.0, 0, 0], [0.0, 2, 0], [1.0, 1, 0]))
    >>> plane_through({"A": one, "B": two, "C": three}).marks
    {'A': (0.0, 0.0), 'B': (2.0, 0.0), 'C': (1.0, 1.0)}
    """
    if len(networks) != 3:
        raise ConfigError(f"plane_through: expected three networks; got {len(networks)}")
    origin, second, third = networks.values()
    shapes = [{name: value.shape for name, value in one.items()} for one in networks.values()]
    if not shapes[0] == shapes[1] == shapes[2]:
        raise ConfigError("plane_through: expected networks of one shape; these differ")

    def minus(one: Weights) -> NDArray[np.float64]:
        # In float64: weights that were trained alike differ in their last digits.
        parts = (np.subtract(one[name], value, dtype=np.float64) for name, value in origin.items())
        return np.concatenate([part.ravel() for part in parts])

    across, other = minus(second), minus(third)
    width = float(np.linalg.norm(across))
    across = across / width if width else across
    shift = float(across @ other)
    up = other - shift * across
    height = float(np.linalg.norm(up))
    if width == 0 or height <= 1e-9 * float(np.linalg.norm(other)):  # rounding alone leaves 1e-16
        raise ConfigError("plane_through: the three networks lie on one line; there is no plane")
    places = [(0.0, 0.0), (width, 0.0), (shift, height)]
    return Plane(
        origin,
        _by_name(across, origin),
        _by_name(up / height, origin),
        dict(zip(networks, places, strict=True)),
        _window([x for x, _ in places]),
        _window([y for _, y in places]),
    )


def _by_name(flat: NDArray[np.float64], like: Weights) -> dict[str, NDArray[Any]]:
    ends = np.cumsum([value.size for value in like.values()])[:-1]
    pieces = np.split(flat, ends)
    return {
        name: part.reshape(value.shape)
        for (name, value), part in zip(like.items(), pieces, strict=True)
    }


def _window(values: Sequence[float]) -> tuple[float, float]:
    room = _ROOM * (max(values) - min(values))
    return min(values) - room, max(values) + room
