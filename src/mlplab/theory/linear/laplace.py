"""The Bayesian lasso with known noise: samples of the weights under a Laplace prior."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.samples import Array, expect_positive
from mlplab.theory.linear.spectrum import spectrum
from mlplab.theory.linear.triangular import solve_lower, solve_upper


def sample_laplace(
    X: ArrayLike,
    y: ArrayLike,
    *,
    sigma: float,
    scale: float,
    n: int,
    generator: np.random.Generator,
    warm_up: int = 200,
    intercept: bool = False,
) -> LinearModels:
    """Draw weights of y = X w + b + noise for p(w_j) = exp(-|w_j| / scale) / (2 scale), by Gibbs.

    Such a prior is N(0, t_j) with t_j exponential of mean 2 scale^2. Given t the weights are
    Gaussian and are drawn exactly, all at once; given w each 1 / t_j is inverse Gaussian. The most
    probable weights are the lasso's with `laplace_penalty`; the samples have no exact zeros.

    Args:
        X: inputs, (R, N, P); every run is a chain of its own, repeat a run for several.
        y: targets, (R, N).
        sigma: standard deviation of the noise, known.
        scale: of the prior.
        n: samples kept of each run; neighbours are correlated.
        generator: where the randomness comes from.
        warm_up: samples dropped first.
        intercept: whether there is b, with a flat prior.

    Returns:
        Weights (R, n, P), intercepts (R, n).

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: sigma, scale or n is not above 0, or warm_up is negative.

    Cost: with K = min(N, P), K^2 P + K^3 / 3 flop a run and sample. Source: Park and Casella,
    JASA 103 (2008), with the noise known and the prior not scaled by it; the Gaussian draw:
    Bhattacharya, Chakraborty and Mallick, Biometrika 103 (2016).

    >>> rng = np.random.default_rng(0)
    >>> drawn = sample_laplace([[[1.0]]], [[2.0]], sigma=0.1, scale=1.0, n=500, generator=rng)
    >>> drawn.weights.shape, bool(abs(drawn.weights.mean() - 1.99) < 0.05)
    ((1, 500, 1), True)
    """
    expect_positive(sigma=sigma, scale=scale)
    if n < 1 or warm_up < 0:
        name, number, least = ("n", n, 1) if n < 1 else ("warm_up", warm_up, 0)
        raise ConfigError(f"{name}: expected a whole number from {least}; got {number!r}")
    parts = spectrum(X, y, intercept=intercept, cutoff=0.0)
    # The likelihood knows X and y only along the K directions, in units of the noise.
    inputs, targets = parts.singular[..., None] * parts.right / sigma, parts.along / sigma
    # An off-centre row of rounding errors would otherwise speak of the constant.
    targets = np.where(parts.singular > 0, targets, 0.0)
    n_runs, _, n_inputs = inputs.shape
    t = np.full((n_runs, n_inputs), 2 * scale**2)
    weights = np.empty((n_runs, n, n_inputs))
    for step in range(-warm_up, n):
        w = _gaussian(inputs, targets, t, generator)
        t = _variances(np.abs(w), scale, generator)
        if step >= 0:
            weights[:, step] = w
    if not intercept:
        return LinearModels(weights, np.zeros((n_runs, n)))
    free = sigma / parts.n_rows**0.5 * generator.standard_normal((n_runs, n))
    centre = (parts.input_mean[:, None] * weights).sum(axis=-1)
    return LinearModels(weights, parts.target_mean[:, None] - centre + free)


def _gaussian(inputs: Array, targets: Array, t: Array, generator: np.random.Generator) -> Array:
    """Draw w ~ N(A^-1 inputs^T targets, A^-1), A = inputs^T inputs + diag(1 / t), by K x K."""
    prior = np.sqrt(t) * generator.standard_normal(t.shape)
    seen = (inputs @ prior[..., None])[..., 0] + generator.standard_normal(targets.shape)
    spread = inputs * t[:, None]
    matrix = spread @ inputs.transpose(0, 2, 1) + np.eye(targets.shape[1])
    lower = np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    pull = solve_upper(lower.transpose(0, 2, 1), solve_lower(lower, targets - seen))
    return np.asarray(prior + (pull[:, None] @ spread)[:, 0])


def _variances(size: Array, scale: float, generator: np.random.Generator) -> Array:
    """Draw t with p(t) ~ t^-1/2 exp(-w^2 / (2 t) - t / (2 scale^2)), exactly, also at w = 0.

    1 / t is inverse Gaussian of mean 1 / (scale |w|) and shape 1 / scale^2; the two roots of
    Michael, Schucany and Haas (1976) are written for t, without a difference of near numbers.
    """
    a = np.square(generator.standard_normal(size.shape)) * scale**2 / 2
    middle = scale * size
    larger = middle + a + np.sqrt(a * (2 * middle + a))
    keep = generator.random(size.shape) * (larger + middle) <= larger
    return np.asarray(np.where(keep, larger, np.square(middle) / larger))
