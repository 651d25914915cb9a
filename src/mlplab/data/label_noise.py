"""Classes replaced by others: labels that are wrong on purpose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlplab.specs.keyed import philox


def replaced_classes(
    classes: NDArray[np.int64], n_classes: int, rate: float, seed: int
) -> NDArray[np.int64]:
    """Replace a share of classes, (N,), each by any of the others with equal probability.

    A higher rate replaces all that a lower one replaces, by the same classes.

    >>> classes = np.zeros(1000, dtype=np.int64)
    >>> few, many = (replaced_classes(classes, 3, rate, 1) for rate in (0.1, 0.3))
    >>> bool(((many == few) | (few == 0)).all()), 80 < int((few > 0).sum()) < 120
    (True, True)
    """
    draws = philox(seed, "replaced classes")
    chosen = draws.random(len(classes)) < rate
    steps = philox(seed, "replaced classes", 1).integers(1, n_classes, len(classes))
    return np.where(chosen, (classes + steps) % n_classes, classes)
