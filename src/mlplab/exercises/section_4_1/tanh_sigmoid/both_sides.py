"""Both sides of tanh(x) + 1 = 2 sigmoid(2x) in floating point."""

from __future__ import annotations

import numpy as np

TYPES: tuple[type[np.floating], ...] = (np.float32, np.float64)
N_POINTS = 200_000
REACH = 40.0


def largest_distances(low: float, high: float) -> dict[str, float]:
    """Return how far the two sides are apart at most, in units in the last place, by type."""
    points = {kind: np.linspace(low, high, N_POINTS, dtype=kind) for kind in TYPES}
    return {kind.__name__: float(distance(x).max()) for kind, x in points.items()}


def stable_sigmoid(z: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-z)) with an exponential that never overflows."""
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1 / (1 + small), small / (1 + small)), dtype=z.dtype)


def distance(x: np.ndarray) -> np.ndarray:
    """Return the distance of the two sides, in units in the last place of the right one."""
    left, right = np.tanh(x) + x.dtype.type(1), 2 * stable_sigmoid(2 * x)
    return np.asarray(np.abs(left - right) / np.spacing(right), dtype=np.float64)


def overflow_at(kind: type[np.floating]) -> float:
    """Return the x below which exp(-x) overflows, found by halving."""
    low, high = -1e4, 0.0
    with np.errstate(over="ignore"):
        for _ in range(80):
            middle = (low + high) / 2
            if np.isinf(np.exp(kind(-middle))):
                low = middle
            else:
                high = middle
    return high


def first_zero(kind: type[np.floating]) -> float:
    """Return the largest x (to 0.001) at which tanh(x) + 1 is computed as exactly 0."""
    x = np.arange(-30, 0, 0.001).astype(kind)
    return float(x[np.tanh(x) + kind(1) == 0].max())
