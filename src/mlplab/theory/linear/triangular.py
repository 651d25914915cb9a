"""Triangular systems of many runs, by substitution."""

from __future__ import annotations

import numpy as np

from mlplab.theory.linear.samples import Array


def solve_upper(upper: Array, right: Array) -> Array:
    """Solve upper @ x = right for every run; a zero on the diagonal gives what is not finite.

    Args:
        upper: (R, P, P); what lies below the diagonal is not read.
        right: (R, P).

    Cost: P^2 flop a run, in P steps over all runs.

    >>> solve_upper(np.array([[[2.0, 1.0], [0.0, 4.0]]]), np.array([[4.0, 8.0]])).tolist()
    [[1.0, 2.0]]
    """
    x = np.array(right, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for i in range(x.shape[1] - 1, -1, -1):
            x[:, i] /= upper[:, i, i]
            x[:, :i] -= upper[:, :i, i] * x[:, i, None]
    return x


def solve_lower(lower: Array, right: Array) -> Array:
    """Solve lower @ x = right for every run: the same, from the first row on.

    >>> solve_lower(np.array([[[2.0, 0.0], [1.0, 4.0]]]), np.array([[2.0, 9.0]])).tolist()
    [[1.0, 2.0]]
    """
    return solve_upper(lower[:, ::-1, ::-1], right[:, ::-1])[:, ::-1]
