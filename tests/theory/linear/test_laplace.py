"""The Bayesian lasso: quadrature in one dimension, product posteriors, exact conditionals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from mlplab.specs.keyed import philox
from mlplab.theory import linear
from mlplab.theory.linear.laplace import _variances


def moments(x, y, sigma, scale):
    """Mean and variance of one weight, by quadrature about its peak."""
    at = optimize.minimize_scalar(lambda w: np.square(y - x * w).sum() / (2 * sigma**2)).x

    def density(w):
        fit = np.square(y - x * w).sum() - np.square(y - x * at).sum()
        return np.exp(-fit / (2 * sigma**2) - abs(w) / scale)

    width = 12 * sigma / np.sqrt(x @ x) + 1e-9
    ends = (min(at, 0.0) - width, max(at, 0.0) + width)

    def integral(power):
        return integrate.quad(lambda w: w**power * density(w), *ends, points=[0.0, at], limit=200)[
            0
        ]

    total, first, second = integral(0), integral(1), integral(2)
    return first / total, second / total - (first / total) ** 2


def standard_error(draws):
    """Of the mean over chains (C, n), which are independent of one another."""
    return draws.mean(axis=1).std(ddof=1) / len(draws) ** 0.5


@pytest.mark.parametrize("scale", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("size", [0.0, 1.0])
def test_one_weight_has_the_moments_of_quadrature(size, scale):
    rng = np.random.default_rng(3)
    x = rng.standard_normal(6)
    y = size * x + 0.5 * rng.standard_normal(6)
    chains = 400
    drawn = linear.sample_laplace(
        np.broadcast_to(x[:, None], (chains, 6, 1)),
        np.broadcast_to(y, (chains, 6)),
        sigma=0.5,
        scale=scale,
        n=150,
        warm_up=30,
        generator=philox(0, "laplace"),
    ).weights[..., 0]
    mean, variance = moments(x, y, 0.5, scale)
    # 4.5 standard errors, measured between chains.
    assert abs(drawn.mean() - mean) < 4.5 * standard_error(drawn)
    square = np.square(drawn - mean)
    assert abs(square.mean() - variance) < 4.5 * standard_error(square)


@pytest.mark.parametrize("shape", [(9, 3), (3, 3)])
def test_orthogonal_columns_are_sampled_like_single_weights(shape):
    n_rows, n_inputs = shape
    rng = np.random.default_rng(1)
    X = np.linalg.qr(rng.standard_normal((n_rows, n_inputs)))[0] * [1.0, 2.0, 0.5]
    y = X @ [2.0, 0.0, -1.0] + 0.3 * rng.standard_normal(n_rows)
    chains = 300
    drawn = linear.sample_laplace(
        np.broadcast_to(X, (chains, *shape)),
        np.broadcast_to(y, (chains, n_rows)),
        sigma=0.3,
        scale=0.4,
        n=150,
        warm_up=30,
        generator=philox(1, "laplace"),
    ).weights
    for j in range(n_inputs):
        mean, variance = moments(X[:, j], y, 0.3, 0.4)
        assert abs(drawn[..., j].mean() - mean) < 4.5 * standard_error(drawn[..., j])
        square = np.square(drawn[..., j] - mean)
        assert abs(square.mean() - variance) < 4.5 * standard_error(square)


def test_prior_draws_fitted_again_have_uniform_ranks():
    # Talts et al. (2018): ranks of the truth among its posterior draws are uniform.
    rng = philox(2, "ranks")
    n_runs, n, sigma, scale = 600, 20, 0.5, 0.7
    X = rng.standard_normal((n_runs, 4, 6)) + 1.0
    w = rng.laplace(scale=scale, size=(n_runs, 6))
    y = (X @ w[..., None])[..., 0] + 3.0 + sigma * rng.standard_normal((n_runs, 4))
    drawn = linear.sample_laplace(
        X, y, sigma=sigma, scale=scale, n=20 * 12, warm_up=60, generator=rng, intercept=True
    ).weights[:, ::12]
    ranks = (drawn < w[:, None]).sum(axis=1)
    for j in range(6):
        counts = np.bincount(ranks[:, j], minlength=n + 1)
        assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("size", [0.0, 1e-12, 0.3, 4.0])
def test_the_scales_are_drawn_from_their_conditional(size):
    scale, n = 0.6, 20_000
    t = _variances(np.full(n, size), scale, np.random.default_rng(0))
    # scipy: t has the generalised inverse Gaussian density with p = 1/2.
    if size > 1e-6:
        law = stats.geninvgauss(0.5, size / scale, scale=size * scale)
    else:
        law = stats.gamma(0.5, scale=2 * scale**2)
    assert stats.kstest(t, law.cdf).pvalue > 1e-4


def test_the_lasso_is_the_most_probable_point_and_samples_have_no_zeros(problem):
    X, y = problem(5, 2, 12, 5)
    sigma, scale = 0.5, 0.1
    penalty = linear.laplace_penalty(sigma, scale, 12)
    best = linear.lasso_path(X, y, penalty, tolerance=1e-15).models.weights[:, 0]
    drawn = linear.sample_laplace(
        X, y, sigma=sigma, scale=scale, n=500, generator=philox(0, "laplace")
    ).weights

    def log_density(w):
        error = np.square((X @ w.transpose(0, 2, 1)).transpose(0, 2, 1) - y[:, None]).sum(-1)
        return -error / (2 * sigma**2) - np.abs(w).sum(-1) / scale

    top = log_density(best[:, None])
    assert (log_density(drawn) < top).all()
    nudged = best[:, None] + 1e-4 * np.random.default_rng(0).standard_normal((2, 500, 5))
    assert (log_density(nudged) < top).all()
    assert (best == 0).any()
    assert (drawn != 0).all()


def test_the_gaussian_prior_is_its_limit_nowhere_but_the_likelihood_is_for_a_wide_one(problem):
    X, y = problem(6, 1, 12, 3)
    drawn = linear.sample_laplace(
        np.repeat(X, 200, axis=0),
        np.repeat(y, 200, axis=0),
        sigma=0.2,
        scale=1e4,
        n=40,
        warm_up=40,
        generator=philox(0, "wide"),
        intercept=True,
    )
    least = linear.solve_qr(X, y, intercept=True)
    for j in range(3):
        one = drawn.weights[..., j]
        assert abs(one.mean() - least.weights[0, j]) < 4.5 * standard_error(one)
    assert abs(drawn.intercepts.mean() - least.intercepts[0]) < 4.5 * standard_error(
        drawn.intercepts
    )
