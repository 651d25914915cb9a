"""Least squares three ways: normal equations, QR, and the pseudo-inverse by SVD."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.samples import Array, centred, checked_samples
from mlplab.theory.linear.spectrum import decompose
from mlplab.theory.linear.triangular import solve_lower, solve_upper


def solve_normal_equations(
    X: ArrayLike, y: ArrayLike, *, intercept: bool = False, penalty: float = 0.0
) -> LinearModels:
    """Solve (X^T X + N penalty I) w = X^T y by Cholesky.

    The matrix has entry (j, k) = sum_i x_ij x_ik, its size is P x P whatever N is, and its
    condition number is the square of that of X: half of the digits that X allows are lost, all
    of them where cond(X) reaches 1e8.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        intercept: add a constant, by centring.
        penalty: l2 of ridge, on the weights only.

    Returns:
        Weights (R, P); NaN for a run whose matrix is not positive definite in float64.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: the penalty is negative.

    Cost: N P^2 + P^3 / 3 flop a run. Source: Golub and Van Loan, Matrix computations, 5.3.2.

    >>> models = solve_normal_equations([[[1.0], [2.0]]], [[3.0, 6.0]])
    >>> models.weights.round(12).tolist()
    [[3.0]]
    """
    if not 0 <= penalty < np.inf:
        raise ConfigError(f"penalty: expected a finite number from 0; got {penalty!r}")
    inputs, targets, *means = centred(*checked_samples(X, y), intercept)
    gram = inputs.transpose(0, 2, 1) @ inputs
    each = range(inputs.shape[2])
    gram[:, each, each] += inputs.shape[1] * penalty
    lower = _cholesky(gram)
    half = solve_lower(lower, (targets[:, None] @ inputs)[:, 0])
    return _with_means(solve_upper(lower.transpose(0, 2, 1), half), *means)


def solve_qr(X: ArrayLike, y: ArrayLike, *, intercept: bool = False) -> LinearModels:
    """Solve least squares by X = Q U with Householder reflections: U w = Q^T y.

    The errors grow with cond(X), not with its square.

    Args:
        X: inputs, (R, N, P), N >= P (N > P with an intercept).
        y: targets, (R, N).
        intercept: add a constant, by centring.

    Returns:
        Weights (R, P); not finite for a run whose columns are exactly dependent.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: fewer rows than weights: no unique solution.

    Cost: 2 N P^2 flop a run. Source: Golub and Van Loan, Matrix computations, 5.3.3.

    >>> solve_qr([[[1.0], [2.0]]], [[3.0, 6.0]]).weights.round(12).tolist()
    [[3.0]]
    """
    inputs, targets, *means = centred(*checked_samples(X, y), intercept)
    n_rows, n_inputs = inputs.shape[1:]
    if n_rows < n_inputs + intercept:
        raise ConfigError(
            f"X: expected at least as many rows as unknowns, {n_inputs + intercept}; got {n_rows}:"
            " use solve_svd, which takes the smallest of all solutions"
        )
    q, upper = np.linalg.qr(inputs)
    weights = solve_upper(upper, (targets[:, None] @ q)[:, 0])
    return _with_means(weights, *means)


def solve_svd(
    X: ArrayLike, y: ArrayLike, *, intercept: bool = False, cutoff: float | None = None
) -> LinearModels:
    """Solve least squares by the pseudo-inverse: of all solutions the one of smallest norm.

    What is a rounding error is told by size, so columns of very different size (x^i / i! from
    about 17 terms) lose directions that QR keeps: scale them, or take an orthogonal basis.

    Args:
        X: inputs, (R, N, P), of any shape.
        y: targets, (R, N).
        intercept: add a constant, by centring; it does not count in the norm.
        cutoff: singular values up to this share of the largest count as 0; see `spectrum`.

    Returns:
        Weights (R, P), always finite.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: the cutoff does not lie in [0, 1).

    Cost: about 6 N P min(N, P) flop a run. Source: Golub and Van Loan, 5.5.

    >>> solve_svd([[[1.0, 1.0]]], [[4.0]]).weights.round(12).tolist()
    [[2.0, 2.0]]
    """
    parts = decompose(*checked_samples(X, y), intercept, cutoff)
    return parts.models(np.ones_like(parts.singular))


def _with_means(weights: Array, input_mean: Array, target_mean: Array) -> LinearModels:
    with np.errstate(invalid="ignore"):
        return LinearModels(weights, target_mean - (input_mean * weights).sum(axis=1))


def _cholesky(gram: Array) -> Array:
    """Factor every run's matrix; NaN where it is not positive definite."""
    try:
        return np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
    except np.linalg.LinAlgError:
        if len(gram) == 1:
            return np.full_like(gram, np.nan)
        half = len(gram) // 2
        # One run's breakdown fails the whole batch: halve it until the run is alone.
        return np.concatenate([_cholesky(gram[:half]), _cholesky(gram[half:])])
