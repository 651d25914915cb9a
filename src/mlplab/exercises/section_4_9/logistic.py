"""The logistic function, in numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def sigmoid(x: ArrayLike) -> NDArray[np.float64]:
    """Return 1 / (1 + e^-x), without overflow: it is (1 + tanh(x / 2)) / 2.

    >>> sigmoid([0.0, 1000.0])
    array([0.5, 1. ])
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, dtype=np.float64))))
