"""Whether target rows lie where training rows are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.correction.kernels import BLOCK, draw_rows, squared_distances

# Rows of either table that are compared: a share is known to about 0.01 from them.
_MOST_ROWS = 2000
FARTHEST_SHARE = 0.01


def share_outside(train: NDArray[Any], target: NDArray[Any], rng: np.random.Generator) -> float:
    """Return the share of target rows further from the training rows than nearly all of these.

    A row is outside if its nearest training row is further away than that of all but 1 % of
    the different training rows; without a shift about 1 % are.

    Args:
        train: (N, I).
        target: (M, I).
        rng: draws at most 2,000 rows of each.

    Cost: O(2,000^2 I).

    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> share_outside(rows, rows + 10, np.random.default_rng(0))
    1.0
    """
    # Copies are no distance from each other, and would make everything else look far.
    known = np.unique(draw_rows(rng, train, _MOST_ROWS), axis=0)
    beyond = _nearest(draw_rows(rng, target, _MOST_ROWS), known, itself=False)
    edge = 0.0
    if len(known) > 1:
        edge = float(np.quantile(_nearest(known, known, itself=True), 1 - FARTHEST_SHARE))
    # the rounding of squares of numbers around 1
    return float((beyond > edge + 1e-9).mean())


def _nearest(rows: NDArray[Any], others: NDArray[Any], *, itself: bool) -> NDArray[np.float64]:
    """Return the squared distance of each row to the nearest other."""
    parts = []
    for start in range(0, len(rows), BLOCK // 4):
        distances = squared_distances(rows[start : start + BLOCK // 4], others)
        if itself:
            distances[np.arange(len(distances)), start + np.arange(len(distances))] = np.inf
        parts.append(distances.min(axis=1))
    return np.concatenate(parts)
