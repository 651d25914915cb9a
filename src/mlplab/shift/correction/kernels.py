"""Gaussian kernels between many rows and a few centres, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# A block of kernel values against 200 centres then takes 6 MB.
BLOCK = 4096
# Widths tried, in units of the median distance: wide ones for smooth ratios, narrow ones for
# ratios that turn within a cluster.
WIDTHS = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5)


@dataclass(frozen=True, eq=False, slots=True)
class Kernels:
    """exp(-|x - c|^2 / (2 width^2)) for every centre c.

    Attributes:
        centres: (K, I).
        width: of the kernels, in the unit of the inputs.
    """

    centres: NDArray[Any]
    width: float

    def __call__(self, rows: NDArray[Any]) -> Floats:
        """Return the values of some rows, (B, K); all at once."""
        return np.asarray(np.exp(squared_distances(rows, self.centres) / (-2 * self.width**2)))

    def blocks(self, rows: NDArray[Any]) -> Iterator[Floats]:
        """Yield the values of all rows, at most `BLOCK` rows at a time."""
        for start in range(0, len(rows), BLOCK):
            yield self(rows[start : start + BLOCK])

    def moments(self, rows: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return the means over rows of the products of values, (K, K), and of values, (K,)."""
        n_centres = len(self.centres)
        products, sums = np.zeros((n_centres, n_centres)), np.zeros(n_centres)
        for block in self.blocks(rows):
            products += block.T @ block
            sums += block.sum(axis=0)
        return products / len(rows), sums / len(rows)

    def combine(self, rows: NDArray[Any], coefficients: Floats) -> Floats:
        """Return sum_k coefficient_k kernel_k(row) for all rows, (N,)."""
        return np.concatenate([block @ coefficients for block in self.blocks(rows)])


def squared_distances(rows: NDArray[Any], centres: NDArray[Any]) -> Floats:
    """Return |row - centre|^2, (B, K); never negative.

    >>> squared_distances(np.array([[0.0], [3.0]]), np.array([[1.0]])).tolist()
    [[1.0], [4.0]]
    """
    left, right = np.asarray(rows, np.float64), np.asarray(centres, np.float64)
    products = left @ right.T
    distances = np.square(left).sum(1)[:, None] - 2 * products + np.square(right).sum(1)
    return np.asarray(np.maximum(distances, 0))


def draw_rows(rng: np.random.Generator, rows: NDArray[Any], most: int) -> NDArray[Any]:
    """Return all rows, or so many of them drawn without repetition."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(rng.choice(len(rows), most, replace=False))]


def median_distance(rng: np.random.Generator, *tables: NDArray[Any]) -> float:
    """Return the median distance of different rows, among 300 drawn of each table."""
    rows = np.concatenate([draw_rows(rng, table, 300) for table in tables])
    distances = squared_distances(rows, rows)[np.triu_indices(len(rows), 1)]
    known = distances[distances > 0]
    return float(np.sqrt(np.median(known))) if len(known) else 1.0
