"""Permutations of the labels of two samples, and the exact p-value that they give."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from mlplab.data.split import second_sample

Array = NDArray[np.float64]
Labels = NDArray[np.bool_]

LEVEL = 0.05
"""Of every test of shift and harm."""


def labellings(n_first: int, n: int, n_permutations: int, seed: int) -> Labels:
    """Return which rows count as the second sample, (1 + P, N): as they are, then permuted.

    Every test of one report uses the same ones, so that their statistics can be combined.
    """
    numbers = range(1 + n_permutations)
    return np.stack([second_sample(n, n_first, number, seed) for number in numbers])


def chance_of(rows: NDArray[np.float32], seed: int) -> int:
    """Return a number that is fixed for these rows and this seed, and like a random one otherwise.

    What is drawn by it, such as the networks that learn the observed labels, differs from one data
    set to the next: drawn by the seed alone, luck of the same networks would be in every p-value.
    """
    content = hashlib.sha256(np.ascontiguousarray(rows).tobytes())
    content.update(str(seed).encode())
    return int.from_bytes(content.digest()[:8], "big")


def permutation_p(statistics: Array) -> float:
    """Return the p-value of the first of P + 1 statistics among all of them, large ones extreme.

    (1 + number of permuted ones at least as large) / (1 + P): at most the level is rejected, and
    exactly so without ties, because under the null all labellings are alike.

    Source: Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9.

    >>> permutation_p(np.array([3.0, 1.0, 2.0, 3.0]))
    0.5
    """
    return float((statistics >= statistics[0]).mean())


def permutation_ps(statistics: Array) -> Array:
    """Return the p-value that each of P + 1 statistics has among all of them, (P + 1,)."""
    ordered = np.sort(statistics)
    return 1 - np.searchsorted(ordered, statistics, side="left") / len(statistics)
