"""The Gaussian linear model: ridge, dense formulas, quadrature, and moments of samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from mlplab.specs.keyed import philox
from mlplab.theory import linear

seeds = st.integers(0, 2**32)
shapes = (st.integers(1, 10), st.integers(1, 12))  # rows, inputs


@given(seeds, st.booleans(), st.floats(0.05, 2), st.floats(0.05, 2), *shapes)
def test_the_mean_is_the_penalised_optimum(problem, seed, intercept, sigma, tau, n_rows, n_inputs):
    X, y = problem(seed, 2, n_rows, n_inputs)
    found = linear.posterior(X, y, sigma=sigma, tau=tau, intercept=intercept).mean
    penalty = linear.gaussian_penalty(sigma, tau, n_rows)
    ridge = linear.ridge_path(X, y, penalty, intercept=intercept)
    np.testing.assert_allclose(found.weights, ridge.weights[:, 0], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.intercepts, ridge.intercepts[:, 0], rtol=1e-7, atol=1e-9)


@given(seeds, st.booleans(), *shapes)
def test_the_covariance_is_the_dense_formulas(problem, seed, intercept, n_rows, n_inputs):
    X, y = problem(seed, 2, n_rows, n_inputs)
    sigma, tau = 0.4, 0.8
    found = linear.posterior(X, y, sigma=sigma, tau=tau, intercept=intercept)
    covariance = found.covariance()
    for r in range(2):
        centred = X[r] - intercept * X[r].mean(axis=0)
        precision = centred.T @ centred / sigma**2 + np.eye(n_inputs) / tau**2
        np.testing.assert_allclose(covariance[r], np.linalg.inv(precision), atol=1e-11)
    # A new y at the rows themselves: the constant's own variance, the weights', and the noise.
    spread = np.einsum(
        "rnp,rpq,rnq->rn",
        X - intercept * X.mean(1, keepdims=True),
        covariance,
        X - intercept * X.mean(1, keepdims=True),
    )
    wanted = np.sqrt(spread + sigma**2 * (1 + intercept / n_rows))
    np.testing.assert_allclose(found.predictive_deviation(X), wanted, rtol=1e-9)


@given(seeds, st.floats(0.1, 2), st.floats(0.1, 2), *shapes)
def test_the_evidence_is_a_normal_density(problem, seed, sigma, tau, n_rows, n_inputs):
    X, y = problem(seed, 2, n_rows, n_inputs)
    found = linear.log_evidence(X, y, sigma=sigma, taus=[tau, 3 * tau])
    for r in range(2):
        for place, t in enumerate([tau, 3 * tau]):
            covariance = sigma**2 * np.eye(n_rows) + t**2 * X[r] @ X[r].T
            wanted = stats.multivariate_normal(cov=covariance).logpdf(y[r])
            np.testing.assert_allclose(found[r, place], wanted, rtol=1e-9, atol=1e-8)


def test_the_evidence_of_one_weight_is_a_numerical_integral():
    X, y = np.array([[[0.5], [1.5], [-1.0]]]), np.array([[1.0, 1.2, -0.3]])
    sigma, tau = 0.7, 1.3

    def joint(w, b=0.0):
        return np.prod(stats.norm.pdf(y[0], X[0, :, 0] * w + b, sigma)) * stats.norm.pdf(w, 0, tau)

    one = integrate.quad(joint, -10, 10, epsabs=1e-13)[0]
    found = linear.log_evidence(X, y, sigma=sigma, taus=tau)[0, 0]
    assert found == pytest.approx(np.log(one), abs=1e-9)
    both = integrate.dblquad(lambda b, w: joint(w, b), -5, 5, -4, 4, epsabs=1e-7)[0]
    found = linear.log_evidence(X, y, sigma=sigma, taus=tau, intercept=True)[0, 0]
    assert found == pytest.approx(np.log(both), abs=1e-6)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("shape", [(12, 4), (4, 7)])
def test_samples_have_the_moments_of_the_closed_form(problem, shape, intercept):
    X, y = problem(0, 2, *shape)
    n = 40_000
    found = linear.posterior(X, y, sigma=0.5, tau=0.7, intercept=intercept)
    drawn = found.sample(n, philox(0, "posterior"))
    covariance = found.covariance()
    deviation = np.sqrt(np.einsum("rpp->rp", covariance))
    # Tolerances of 5 standard errors: of a mean, and of an entry of a covariance matrix.
    wrong = (drawn.weights.mean(axis=1) - found.mean.weights) / deviation
    assert np.abs(wrong).max() < 5 / n**0.5
    for r in range(2):
        measured = np.cov(drawn.weights[r].T, ddof=0)
        error = np.sqrt((np.outer(deviation[r], deviation[r]) ** 2 + covariance[r] ** 2) / n)
        assert (np.abs(measured - covariance[r]) < 5 * error).all()
    outputs = drawn.predict(X)
    spread = found.predictive_deviation(X) ** 2 - 0.5**2
    measured = outputs.var(axis=1)
    assert (np.abs(measured / spread - 1) < 5 * (2 / n) ** 0.5).all()


def test_samples_follow_the_generator_alone(problem):
    X, y = problem(0, 3, 6, 4)
    found = linear.posterior(X, y, sigma=0.5, tau=0.7)
    one, again, other = (found.sample(5, philox(seed, "posterior")).weights for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_sampled_data_are_covered_as_often_as_the_model_says():
    rng = philox(0, "coverage")
    n_runs, sigma, tau = 2000, 0.3, 0.5
    X = rng.standard_normal((n_runs, 6, 3))
    w = tau * rng.standard_normal((n_runs, 3))
    y = (X @ w[..., None])[..., 0] + sigma * rng.standard_normal((n_runs, 6))
    found = linear.posterior(X, y, sigma=sigma, tau=tau)
    deviation = np.sqrt(np.einsum("rpp->rp", found.covariance()))
    inside = (np.abs(w - found.mean.weights) < 1.645 * deviation).mean(axis=0)
    # Each of the three shares has a standard error of 0.0067.
    assert np.abs(inside - 0.9).max() < 4.5 * 0.0067
