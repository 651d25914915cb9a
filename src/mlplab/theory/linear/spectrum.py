"""The singular value decomposition of every run's inputs: one, from which all paths follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.samples import Array, centred, checked_samples


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Inputs X - mean = left diag(singular) right of each run, and the targets along `left`.

    Attributes:
        left: (R, N, K), with K = min(N, P); its columns are orthonormal.
        singular: (R, K), falling; those that are rounding errors of 0 are exactly 0.
        right: (R, K, P), its rows orthonormal.
        along: left^T (y - mean y), (R, K).
        input_mean: (R, P); 0 without an intercept.
        target_mean: (R,); 0 without an intercept.
        intercept: whether there is one.
    """

    left: Array
    singular: Array
    right: Array
    along: Array
    input_mean: Array
    target_mean: Array
    intercept: bool

    @property
    def n_rows(self) -> int:
        """N of every run."""
        return int(self.left.shape[1])

    @property
    def rank(self) -> Array:
        """Directions of the (centred) inputs that are not 0, (R,)."""
        return np.asarray((self.singular > 0).sum(axis=-1))

    def models(self, filters: Array) -> LinearModels:
        """Return the models whose outputs along each direction are `filters` times the targets'.

        w = right^T diag(filters / singular) along: all filters 1 give least squares, and
        s^2 / (s^2 + N l2) give ridge. Directions with singular value 0 get weight 0.

        Args:
            filters: (R, K), or (R, L, K) for a path of L.
        """
        path = filters.ndim == 3
        inverse = np.divide(
            self.along, self.singular, out=np.zeros_like(self.along), where=self.singular > 0
        )
        coefficients = filters * (inverse[:, None] if path else inverse)
        if path:
            weights = coefficients @ self.right
        else:
            weights = (coefficients[:, None] @ self.right)[:, 0]
        mean = self.input_mean[:, None] if path else self.input_mean
        target_mean = self.target_mean[:, None] if path else self.target_mean
        return LinearModels(weights, target_mean - (mean * weights).sum(axis=-1))


def spectrum(
    X: ArrayLike, y: ArrayLike, *, intercept: bool = False, cutoff: float | None = None
) -> Spectrum:
    """Decompose every run's inputs.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        intercept: centre both first, which is what a free constant amounts to.
        cutoff: singular values up to this share of a run's largest count as 0; by default
            max(N, P) times the machine's epsilon, 2.2e-16.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: the cutoff does not lie in [0, 1).

    Cost: about 6 N P min(N, P) flop a run, in one batched LAPACK call.

    >>> spectrum([[[3.0, 0.0], [0.0, 4.0]]], [[1.0, 1.0]]).singular.tolist()
    [[4.0, 3.0]]
    """
    inputs, targets = checked_samples(X, y)
    return decompose(inputs, targets, intercept, cutoff)


def decompose(X: Array, y: Array, intercept: bool, cutoff: float | None) -> Spectrum:
    """Do what `spectrum` does with arrays that are checked already."""
    _, n_rows, n_inputs = X.shape
    if cutoff is None:
        cutoff = max(n_rows, n_inputs) * float(np.finfo(np.float64).eps)
    if not 0 <= cutoff < 1:
        raise ConfigError(f"cutoff: expected a share from 0 to below 1; got {cutoff!r}")
    size = np.abs(X).max(axis=(1, 2))
    X, y, input_mean, target_mean = centred(X, y, intercept)
    left, singular, right = np.linalg.svd(X, full_matrices=False)
    # Centring leaves errors of the size of the uncentred inputs: they are no direction either.
    noise = np.finfo(np.float64).eps * np.sqrt(n_rows * n_inputs) * size[:, None]
    floor = np.maximum(cutoff * singular[:, :1], noise if intercept else 0.0)
    singular = np.where(singular > floor, singular, 0.0)
    along = (y[:, None] @ left)[:, 0]
    return Spectrum(left, singular, right, along, input_mean, target_mean, intercept)
