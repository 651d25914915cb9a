"""Maximum mean discrepancy over many kernels at once, for all labellings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.detection.permutations import Labels, chance_of

Rows = NDArray[np.float32]
Array = NDArray[np.float64]
Kernel = Callable[[Rows], Rows]
"""Of squared distances, element by element; may overwrite them."""

N_BANDWIDTHS = 10
_BLOCK = 4000
"""Rows that are compared with each other; more rows make more blocks."""
_PORTION_BYTES = 2**26
_SAMPLED = 1000


def mmd_statistics(rows: Rows, labels: Labels) -> Array:
    """Return the aggregated statistic of each labelling, (P + 1,): large where samples differ.

    log mean_k exp(lambda MMD_k^2 / s_k) / lambda over Gaussian and exponential kernels of many
    bandwidths, s_k^2 the mean square of kernel k and lambda = sqrt(n (n - 1)), n the smaller
    sample. Of more than `_BLOCK` rows, MMD^2 is the mean over blocks of them.

    Args:
        rows: of both samples, (N, I).
        labels: which rows count as the second sample, (P + 1, N).

    Cost: O(K N B (I + P)) for K kernels and blocks of B rows; memory of some rows of one block.

    Source: Biggs, Schrab and Gretton (2023), arXiv 2306.08777; block form: Zaremba, Gretton and
    Blaschko (2013), arXiv 1307.1954.
    """
    kernels = gaussian_and_exponential(rows)
    squares, scales = _over_blocks(rows, labels, kernels)
    n_second = int(labels[0].sum())
    n = min(n_second, labels.shape[1] - n_second)
    weight = np.sqrt(n * (n - 1))
    scaled = weight * squares / np.where(scales > 0, scales, 1)[:, None]
    most = scaled.max(axis=0)
    return np.asarray((most + np.log(np.exp(scaled - most).mean(axis=0))) / weight)


def energy_statistics(rows: Rows, labels: Labels) -> Array:
    """Return the energy distance of each labelling, (P + 1,): MMD^2 of the kernel -|x - y|.

    Source: Szekely and Rizzo (2013), Journal of Statistical Planning and Inference 143.
    """
    squares, _ = _over_blocks(rows, labels, [_minus_distance])
    distances: Array = squares[0]
    return distances


def gaussian_and_exponential(rows: Rows) -> list[Kernel]:
    """Return the kernels: bandwidths in equal steps of their logarithm over pooled distances."""
    distances = np.sqrt(_some_squares(rows))
    positive = distances[distances > 0]
    if not len(positive):
        return [_minus_distance]
    low, high = np.quantile(positive, (0.05, 0.95)) * (0.5, 2)
    kernels: list[Kernel] = []
    for width in np.geomspace(low, high, N_BANDWIDTHS):
        kernels += [_gaussian(float(width)), _exponential(float(width))]
    return kernels


def _gaussian(width: float) -> Kernel:
    def kernel(squares: Rows) -> Rows:
        return np.asarray(np.exp(squares * np.float32(-0.5 / width**2)))

    return kernel


def _exponential(width: float) -> Kernel:
    def kernel(squares: Rows) -> Rows:
        return np.asarray(np.exp(np.sqrt(squares) * np.float32(-1 / width)))

    return kernel


def _minus_distance(squares: Rows) -> Rows:
    return np.asarray(-np.sqrt(squares))


def _some_squares(rows: Rows) -> Array:
    """Squared distances between some rows, of every pair once."""
    chosen = np.sort(_shuffled(rows)[:_SAMPLED])
    some = rows[chosen].astype(np.float64)
    squares = np.square(some).sum(1)
    found = squares[:, None] + squares - 2 * some @ some.T
    return np.asarray(np.maximum(found[np.triu_indices(len(some), 1)], 0))


def _over_blocks(rows: Rows, labels: Labels, kernels: Sequence[Kernel]) -> tuple[Array, Array]:
    """Return MMD^2 of each kernel and labelling, (K, P + 1), and each kernel's scale, (K,)."""
    n_blocks = -(-len(rows) // _BLOCK)
    squares = np.zeros((len(kernels), len(labels)))
    scales = np.zeros(len(kernels))
    # At random: every so many rows would hold as many of each sample, as permuted labels do not.
    for own in np.array_split(_shuffled(rows), n_blocks):
        found, scale = _of_block(rows[own], labels[:, own], kernels)
        squares += found / n_blocks
        scales += scale / n_blocks
    return squares, np.sqrt(scales)


def _shuffled(rows: Rows) -> NDArray[np.int64]:
    return np.random.default_rng(chance_of(rows, 0)).permutation(len(rows))


def _of_block(rows: Rows, labels: Labels, kernels: Sequence[Kernel]) -> tuple[Array, Array]:
    n = len(rows)
    # The last column sums whole rows.
    chosen = np.ones((n, len(labels) + 1), np.float32)
    chosen[:, :-1] = labels.T
    norms = np.square(rows).sum(1)
    within = np.zeros((len(kernels), chosen.shape[1]))  # of the second sample, and of all
    crossed = np.zeros_like(within)  # of the second sample with all
    scales = np.zeros(len(kernels))
    step = max(1, _PORTION_BYTES // (4 * n))
    for start in range(0, n, step):
        some = slice(start, start + step)
        squares = norms[some, None] + norms - 2 * (rows[some] @ rows.T)
        np.maximum(squares, 0, out=squares)
        own = np.arange(len(squares))
        for k, kernel in enumerate(kernels):
            values = kernel(squares)
            values[own, start + own] = 0
            sums = values @ chosen
            within[k] += np.einsum("np,np->p", chosen[some], sums, dtype=np.float64)
            crossed[k] += chosen[some].T.astype(np.float64) @ sums[:, -1]
            scales[k] += float(np.square(values).sum(dtype=np.float64))
    total, second = within[:, -1:], within[:, :-1]
    crossed = crossed[:, :-1]
    n_second = labels.sum(axis=1)
    n_first = n - n_second
    first = total - 2 * crossed + second
    mmd = (
        first / _pairs(n_first, n_first - 1)
        + second / _pairs(n_second, n_second - 1)
        - 2 * (crossed - second) / _pairs(n_first, n_second)
    )
    return mmd, scales / (n * (n - 1))


def _pairs(n: NDArray[np.int64], m: NDArray[np.int64]) -> NDArray[np.int64]:
    # A block may by chance hold none or one of a small sample: sums over no pairs are 0.
    return np.asarray(np.maximum(n * m, 1))
