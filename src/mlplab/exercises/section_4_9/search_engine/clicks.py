"""Clicks under position bias: examined with a probability by position, clicked if relevant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def examination(n: int, bias: float) -> Array:
    """Return the probability k^-eta that position k = 1, ..., n is examined, (n,).

    >>> examination(4, 1.0)
    array([1.        , 0.5       , 0.33333333, 0.25      ])
    """
    return np.asarray(np.arange(1, n + 1, dtype=np.float64) ** -bias)


def click(relevance: Array, examined: Array, uniform: Array) -> NDArray[np.bool_]:
    """Tell which documents of lists are clicked: with probability examined times relevance.

    Args:
        relevance: of the document at every position, (..., K).
        examined: probability of every position, (K,).
        uniform: numbers in [0, 1) that decide, (..., K).
    """
    return np.asarray(uniform < relevance * examined)


def gini(amounts: Array) -> Array:
    """Return the Gini coefficient of amounts along the last axis; 0: all are equal.

    >>> gini(np.array([[1.0, 1.0], [0.0, 2.0]]))
    array([0. , 0.5])
    """
    ordered = np.sort(amounts, axis=-1)
    n = ordered.shape[-1]
    total = ordered.sum(axis=-1)
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return np.asarray((ordered * ranks).sum(axis=-1) / (n * np.where(total, total, 1.0)))


def correlation(one: Array, other: Array) -> Array:
    """Return the mean over queries of the correlation over documents of (R, Q, J): (R,)."""
    a = one - one.mean(axis=-1, keepdims=True)
    b = other - other.mean(axis=-1, keepdims=True)
    size = np.sqrt(np.square(a).sum(axis=-1) * np.square(b).sum(axis=-1))
    return np.asarray(((a * b).sum(axis=-1) / size).mean(axis=-1))
