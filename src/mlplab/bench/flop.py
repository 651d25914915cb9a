"""How much arithmetic a workload holds, from its shapes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def dense_flop(sizes: Sequence[int], n_trained: int, n_scored: int = 0) -> int:
    """Count the flop of the matrix products in one epoch of a dense network.

    With W = sum of I*O over the layers and W' the same without the first layer:
    `2 n_trained (2 W + W') + 2 n_scored W`: forward, gradient of the weights, gradient of the
    hidden units (nobody needs that of the inputs), and the scored rows' forward pass.

    Args:
        sizes: features, hidden widths, outputs.
        n_trained: rows trained on.
        n_scored: rows scored without training.

    >>> dense_flop((784, 256, 10), 60_000, 10_000) / 1e9  # workload A
    53.15584
    """
    products = [inputs * outputs for inputs, outputs in pairwise(sizes)]
    weights, hidden = sum(products), sum(products[1:])
    return 2 * n_trained * (2 * weights + hidden) + 2 * n_scored * weights
