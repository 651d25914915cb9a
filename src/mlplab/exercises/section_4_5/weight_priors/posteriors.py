"""The posterior of the weights: in closed form, sampled by its slope, and under a Laplace prior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mlplab.data.draws import draw_sparse_linear
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_5.lasso import solve_lasso
from mlplab.exercises.section_4_5.problem import (
    N_TEST,
    N_TRAIN,
    NOISE,
    WEIGHT,
    Array,
    true_risk,
)
from mlplab.exercises.section_4_5.weight_priors.hamiltonian import sample_by_slope
from mlplab.theory.linear import LinearModels, laplace_penalty, posterior, sample_laplace

SIGMA, TAU = NOISE, WEIGHT
SCALE = TAU / 2**0.5
"""Of the Laplace prior with standard deviation TAU."""
_WITHIN_95 = 1.959963984540054  # of a standard normal


@dataclass(frozen=True, eq=False)
class Sampled:
    """What sampling says beside the closed form, one number per draw.

    Attributes:
        mean: length of the sampled mean along the closed one, less 1.
        spread: sampled over closed mean variance of a weight, less 1.
        coverage: share of new targets inside the 95 % predictive interval.
        risks: estimate -> risk as a share of the variance of y.
        deviations: closed and sampled standard deviations of the weights of draw 0, (2, P).
        accepted: share of proposals accepted.
        zeros: exact zeros of the lasso, and of one sample under the Laplace prior, (2,).
    """

    mean: Array
    spread: Array
    coverage: Array
    risks: Mapping[str, Array]
    deviations: Array
    accepted: float
    zeros: tuple[float, float]


@lru_cache(maxsize=2)
@one_thread
def sampled(n_draws: int, n: int) -> Sampled:
    """Sample the posterior of every draw by its slope alone, and by Gibbs under Laplace."""
    seeds = range(n_draws)
    X, y = draw_sparse_linear(seeds, N_TRAIN)
    closed = posterior(X, y, sigma=SIGMA, tau=TAU, intercept=True)
    # A flat prior on the constant leaves the centred data for the weights.
    rows, rest = X - X.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)

    def residual(w: Array) -> Array:
        return np.asarray(rest - (rows @ w[..., None])[..., 0])

    def energy(w: Array) -> Array:
        fit = np.square(residual(w)).sum(axis=1) / SIGMA**2
        return np.asarray((fit + np.square(w).sum(axis=1) / TAU**2) / 2)

    def slope(w: Array) -> Array:
        return np.asarray(w / TAU**2 - (residual(w)[:, None] @ rows)[:, 0] / SIGMA**2)

    narrowest = SIGMA / float(np.linalg.norm(rows, 2, axis=(1, 2)).max())
    step = 0.7 * narrowest
    rng = np.random.default_rng(0)
    states, accepted = sample_by_slope(
        energy,
        slope,
        TAU * rng.standard_normal(rows[:, 0].shape),
        step=step,
        length=max(2, round(np.pi / 2 * TAU / step)),
        n=n,
        warm_up=n // 4,
        generator=rng,
    )
    mean, variance = states.mean(axis=1), states.var(axis=1, ddof=1)
    wanted = closed.mean.weights
    exact = np.diagonal(closed.covariance(), axis1=1, axis2=2)
    X_new, y_new = draw_sparse_linear(seeds, N_TEST, part="test")
    off = np.abs(closed.mean.predict(X_new) - y_new) / closed.predictive_deviation(X_new)
    lasso = solve_lasso(X, y, laplace_penalty(SIGMA, SCALE, N_TRAIN))
    drawn = sample_laplace(
        X, y, sigma=SIGMA, scale=SCALE, n=n, generator=rng, warm_up=n // 4, intercept=True
    )
    average = LinearModels(drawn.weights.mean(axis=1), drawn.intercepts.mean(axis=1))
    return Sampled(
        (mean * wanted).sum(axis=1) / np.square(wanted).sum(axis=1) - 1,
        variance.mean(axis=1) / exact.mean(axis=1) - 1,
        (off < _WITHIN_95).mean(axis=1),
        {
            "gaussian_maximum": true_risk(closed.mean),
            "laplace_maximum": true_risk(lasso),
            "laplace_mean": true_risk(average),
        },
        np.sqrt(np.stack([exact[0], variance[0]])),
        accepted,
        (
            float((lasso.weights == 0).sum(axis=-1).mean()),
            float((drawn.weights == 0).sum(axis=-1).mean()),
        ),
    )
