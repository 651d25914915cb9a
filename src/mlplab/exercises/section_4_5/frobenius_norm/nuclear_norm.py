"""The trace of the root of W^T W: for a matrix, another norm than the Frobenius norm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def root_trace(matrix: NDArray[np.float64]) -> float:
    """Return the trace of (W^T W)^(1/2), the sum of the singular values: the nuclear norm.

    The root is taken of the matrix W^T W itself, by its eigenvalues.

    >>> round(root_trace(np.array([[3.0, 0.0], [0.0, 4.0]])), 12)
    7.0
    """
    eigen = np.linalg.eigvalsh(matrix.T @ matrix)
    return float(np.sqrt(np.maximum(eigen, 0.0)).sum())
