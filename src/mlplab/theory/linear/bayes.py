"""The Bayesian linear model with known noise and a Gaussian prior: posterior, samples, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.samples import Array, checked_penalties, expect_positive
from mlplab.theory.linear.spectrum import Spectrum, spectrum


@dataclass(frozen=True, eq=False)
class Posterior:
    """Weights given data, of each run: Gaussian, never stored as a P x P matrix.

    Attributes:
        mean: the most probable models too: ridge with `gaussian_penalty`.
        sigma: standard deviation of the noise.
        tau: standard deviation of a weight before data.
        parts: the decomposition that everything follows from.
    """

    mean: LinearModels
    sigma: float
    tau: float
    parts: Spectrum

    @property
    def _deviations(self) -> Array:
        """Standard deviation of the weights along each known direction, (R, K)."""
        square = np.square(self.parts.singular)
        return np.asarray(self.sigma / np.sqrt(square + (self.sigma / self.tau) ** 2))

    def covariance(self) -> Array:
        """Return that of the weights, sigma^2 (X^T X + (sigma / tau)^2 I)^-1: (R, P, P)."""
        right = self.parts.right
        # The prior plus a correction of rank K: no P x P inverse.
        shrunk = np.square(self._deviations) - self.tau**2
        inside = (right.transpose(0, 2, 1) * shrunk[:, None]) @ right
        return np.asarray(inside + self.tau**2 * np.eye(right.shape[2]))

    def sample(self, n: int, generator: np.random.Generator) -> LinearModels:
        """Draw n independent models of each run: weights (R, n, P), intercepts (R, n).

        Raises:
            ConfigError: n is below 1.

        Cost: 4 n P min(N, P) flop a run.
        """
        if n < 1:
            raise ConfigError(f"n: expected a whole number from 1; got {n!r}")
        right = self.parts.right
        noise = generator.standard_normal((len(right), n, right.shape[2]))
        along = noise @ right.transpose(0, 2, 1)
        spread = self.tau * noise + (along * (self._deviations - self.tau)[:, None]) @ right
        weights = self.mean.weights[:, None] + spread
        if not self.parts.intercept:
            return LinearModels(weights, np.zeros(weights.shape[:2]))
        centre = (self.parts.input_mean[:, None] * weights).sum(axis=-1)
        free = self.sigma / self.parts.n_rows**0.5 * generator.standard_normal(centre.shape)
        return LinearModels(weights, self.parts.target_mean[:, None] - centre + free)

    def predictive_deviation(self, X: ArrayLike) -> Array:
        """Return the standard deviation of a new y at inputs (R, M, P), noise included: (R, M).

        Raises:
            DataError: X has other runs or columns than the models.
        """
        self.mean.predict(X)
        inputs = np.asarray(X, dtype=np.float64) - self.parts.input_mean[:, None]
        along = inputs @ self.parts.right.transpose(0, 2, 1)
        known = (np.square(along) * (np.square(self._deviations) - self.tau**2)[:, None]).sum(-1)
        variance = known + self.tau**2 * np.square(inputs).sum(-1) + self.sigma**2
        if self.parts.intercept:
            variance += self.sigma**2 / self.parts.n_rows
        # `known` is a difference of squares, and rounding may make the sum less than the noise.
        return np.asarray(np.sqrt(np.maximum(variance, self.sigma**2)))


def posterior(
    X: ArrayLike, y: ArrayLike, *, sigma: float, tau: float, intercept: bool = False
) -> Posterior:
    """Return what the data say of w in y = X w + b + noise, for w_j ~ N(0, tau^2).

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        sigma: standard deviation of the noise, known.
        tau: prior standard deviation of each weight.
        intercept: whether there is b, with a flat prior.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: sigma or tau is not above 0.

    Cost: one decomposition. Source: Bishop, Pattern recognition and machine learning (2006), 3.3.

    >>> found = posterior([[[1.0], [1.0]]], [[3.0, 3.0]], sigma=1.0, tau=1.0)
    >>> found.mean.weights.round(12).tolist(), found.covariance().round(4).tolist()
    ([[2.0]], [[[0.3333]]])
    """
    expect_positive(sigma=sigma, tau=tau)
    parts = spectrum(X, y, intercept=intercept, cutoff=0.0)
    square = np.square(parts.singular)
    mean = parts.models(square / (square + (sigma / tau) ** 2))
    return Posterior(mean, sigma, tau, parts)


def log_evidence(
    X: ArrayLike,
    y: ArrayLike,
    *,
    sigma: float,
    taus: float | Sequence[float] | Array,
    intercept: bool = False,
) -> Array:
    """Return log p(y | X, sigma, tau), the weights integrated out, for every tau: (R, L).

    Without an intercept y ~ N(0, sigma^2 I + tau^2 X X^T). With one, its flat prior has density 1:
    compare such values with one another only.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        sigma: standard deviation of the noise.
        taus: L prior standard deviations of a weight.
        intercept: whether a constant is integrated out as well.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: sigma or a tau is not above 0.

    Source: Bishop, Pattern recognition and machine learning (2006), 3.5.

    >>> float(log_evidence([[[1.0]]], [[0.0]], sigma=0.6, taus=0.8)[0, 0].round(6))
    -0.918939
    """
    expect_positive(sigma=sigma)
    path = checked_penalties("taus", taus, "above 0")
    parts = spectrum(X, y, intercept=intercept, cutoff=0.0)
    # Columns of `left` without a singular value are arbitrary: what they hold is residual.
    kept = parts.singular > 0
    along = np.where(kept, parts.along, 0.0)
    centred = np.asarray(y, dtype=np.float64) - parts.target_mean[:, None]
    residual = centred - (parts.left @ along[..., None])[..., 0]
    n_rows = parts.n_rows
    variance = sigma**2 + np.square(path[:, None] * parts.singular[:, None])
    size = np.log(variance / sigma**2).sum(axis=-1) + (n_rows - intercept) * np.log(
        2 * np.pi * sigma**2
    )
    fit = (np.square(along)[:, None] / variance).sum(axis=-1)
    fit += (np.square(residual).sum(axis=1) / sigma**2)[:, None]
    return np.asarray(-(size + fit + (np.log(n_rows) if intercept else 0.0)) / 2)
