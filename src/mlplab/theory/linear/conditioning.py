"""How many digits a least squares problem costs, and how many an answer has."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import DataError
from mlplab.theory.linear.samples import Array, checked_inputs

# Digits of float64: log10(2^52).
FLOAT64_DIGITS = -float(np.log10(np.finfo(np.float64).eps))


def condition_number(X: ArrayLike) -> Array:
    """Return the largest singular value over the smallest of each run's inputs: (R,).

    Measured in float64 it means what it says up to about 1e16; beyond, it says "at least".

    Args:
        X: inputs, (R, N, P).

    Raises:
        DataError: X is not (R, N, P) or holds what is not finite.

    >>> condition_number([[[3.0, 0.0], [0.0, 0.5]]]).tolist()
    [6.0]
    """
    singular = np.linalg.svd(checked_inputs(X), compute_uv=False)
    least = singular[:, -1]
    ratio = np.full(len(least), np.inf)
    return np.asarray(np.divide(singular[:, 0], least, out=ratio, where=least > 0))


def digits_expected(X: ArrayLike, *, squared: bool = False) -> Array:
    """Return the digits of the weights that rounding in float64 should leave: (R,).

    15.65 - log10 cond(X) for QR and SVD where the residual is small; 15.65 - 2 log10 cond(X)
    for the normal equations; at least 0. An order of magnitude, not a bound: columns of very
    different size raise cond(X) and cost QR and Cholesky nothing.

    Args:
        X: inputs, (R, N, P).
        squared: whether X^T X is formed, as by the normal equations.

    Raises:
        DataError: X is not (R, N, P) or holds what is not finite.

    Source: Higham, Accuracy and stability of numerical algorithms (2002), 20.4.

    >>> digits_expected([[[1.0, 0.0], [0.0, 1e-4]]], squared=True).round(2).tolist()
    [7.65]
    """
    lost = np.log10(condition_number(X)) * (2 if squared else 1)
    return np.asarray(np.maximum(FLOAT64_DIGITS - lost, 0.0))


def digits_right(found: ArrayLike, exact: ArrayLike) -> Array:
    """Return -log10 of ||found - exact|| / ||exact|| over the last axis, within 0 and 15.65.

    0 where `found` is not finite, or off by as much as the answer is large.

    Args:
        found: (..., P).
        exact: (..., P), such as from `solve_exactly`.

    Raises:
        DataError: the shapes differ.

    >>> digits_right([[1.001, 0.0], [np.nan, 1.0]], [[1.0, 0.0], [1.0, 1.0]]).round(3).tolist()
    [3.0, 0.0]
    """
    one, two = np.asarray(found, dtype=np.float64), np.asarray(exact, dtype=np.float64)
    if one.shape != two.shape:
        raise DataError(f"found: expected the shape {two.shape} of exact; got {one.shape}")
    # Scaled first: squares of what diverged overflow.
    size = np.abs(two).max(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.linalg.norm((one - two) / size, axis=-1) / np.linalg.norm(two / size, axis=-1)
        digits = -np.log10(error)
    digits = np.where((one == two).all(axis=-1), FLOAT64_DIGITS, digits)
    return np.asarray(np.nan_to_num(np.clip(digits, 0.0, FLOAT64_DIGITS), nan=0.0))
