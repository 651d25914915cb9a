"""Ridge regression along a whole path of penalties, from one decomposition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.samples import Array, checked_inputs, checked_penalties
from mlplab.theory.linear.spectrum import Spectrum, spectrum


def ridge_path(
    X: ArrayLike,
    y: ArrayLike,
    penalties: float | Sequence[float] | Array,
    *,
    intercept: bool = False,
) -> LinearModels:
    """Minimise the mean of (y_hat - y)^2 / 2 plus penalty ||w||^2 / 2, for every penalty.

    Equals `sklearn.linear_model.Ridge(alpha=N * penalty)`; a penalty of 0 is the limit from
    above, least squares of smallest norm.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        penalties: L numbers from 0, in any order.
        intercept: add a constant that is not penalised.

    Returns:
        Weights (R, L, P) and intercepts (R, L).

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: a penalty is negative or not finite.

    Cost: one decomposition, then L P min(N, P) flop a run. Source: Hastie, Tibshirani and
    Friedman, The elements of statistical learning (2009), 3.4.1.

    >>> ridge_path([[[1.0], [1.0]]], [[2.0, 2.0]], [0.0, 1.0]).weights.round(12).tolist()
    [[[2.0], [1.0]]]
    """
    path = checked_penalties("penalties", penalties, "from 0")
    parts = spectrum(X, y, intercept=intercept)
    return parts.models(ridge_filters(parts, path))


def ridge_filters(parts: Spectrum, penalties: Array) -> Array:
    """Return what ridge leaves of each direction, s^2 / (s^2 + N penalty): (R, L, K).

    >>> parts = spectrum([[[1.0], [1.0]]], [[2.0, 2.0]])
    >>> ridge_filters(parts, np.array([0.0, 1.0, 3.0])).round(12).tolist()
    [[[1.0], [0.5], [0.25]]]
    """
    square = np.square(parts.singular)[:, None]
    total = square + parts.n_rows * penalties[:, None]
    return np.divide(square, total, out=np.zeros_like(total), where=square > 0)


def degrees_of_freedom(
    X: ArrayLike, penalties: float | Sequence[float] | Array, *, intercept: bool = False
) -> Array:
    """Return the effective number of weights, the trace of the matrix from y to y_hat: (R, L).

    It falls from the rank of X at penalty 0 to 0; an intercept counts 1 more throughout.

    Args:
        X: inputs, (R, N, P).
        penalties: L numbers from 0.
        intercept: whether a constant is fitted as well.

    Raises:
        DataError: X is not (R, N, P) or holds what is not finite.
        ConfigError: a penalty is negative or not finite.

    >>> degrees_of_freedom([[[1.0], [1.0]]], [0.0, 1.0], intercept=False).round(12).tolist()
    [[1.0, 0.5]]
    """
    path = checked_penalties("penalties", penalties, "from 0")
    inputs = checked_inputs(X)
    parts = spectrum(inputs, np.zeros(inputs.shape[:2]), intercept=intercept)
    return np.asarray(ridge_filters(parts, path).sum(axis=-1) + intercept)
