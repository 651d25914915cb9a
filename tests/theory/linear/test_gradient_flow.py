"""Descent in closed form equals the loop; early stopping runs beside ridge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.theory import linear

seeds = st.integers(0, 2**32)


def by_steps(X, y, n, rate, penalty, intercept, start):
    w, b = start.copy(), np.zeros(len(X))
    for _ in range(n):
        error = (X @ w[..., None])[..., 0] + b[:, None] - y
        slope = (error[:, None] @ X)[:, 0] / X.shape[1] + penalty * w
        w, b = w - rate * slope, b - rate * error.mean(axis=1) * intercept
    return w, b


@given(
    seeds,
    st.integers(1, 10),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.3]),
    st.booleans(),
    st.booleans(),
    st.floats(0.01, 0.9),
)
def test_it_equals_the_loop(problem, seed, n_rows, n_inputs, penalty, intercept, moved, share):
    X, y = problem(seed, 2, n_rows, n_inputs)
    rate = share * float(linear.largest_stable_rate(X, penalty=penalty, intercept=intercept).min())
    start = np.random.default_rng(seed).standard_normal((2, n_inputs)) * moved
    path = linear.descent_path(
        X, y, [0, 1, 7, 40], rate=rate, penalty=penalty, intercept=intercept, start=start
    )
    for place, n in enumerate([0, 1, 7, 40]):
        w, b = by_steps(X, y, n, rate, penalty, intercept, start)
        np.testing.assert_allclose(path.weights[:, place], w, atol=1e-10)
        np.testing.assert_allclose(path.intercepts[:, place], b, atol=1e-10)


@pytest.mark.parametrize("penalty", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(15, 4), (5, 12)])
def test_the_limit_is_the_optimum(problem, penalty, shape):
    X, y = problem(0, 3, *shape)
    end = linear.descent_path(X, y, 10**7, rate=0.5, penalty=penalty)
    wanted = linear.ridge_path(X, y, penalty)
    np.testing.assert_allclose(end.weights, wanted.weights, atol=1e-10)


def test_the_stable_rate_divides_what_converges_from_what_does_not(problem):
    X, y = problem(1, 3, 12, 4)
    top = linear.largest_stable_rate(X, intercept=True)
    for r in range(3):
        one = X[r : r + 1], y[r : r + 1]
        ends = [
            linear.descent_path(*one, [2000, 4000], rate=top[r] * share, intercept=True).weights
            for share in (0.98, 1.02)
        ]
        calm, wild = (np.abs(end[0, 1] - end[0, 0]).max() for end in ends)
        assert calm < 1e-8
        assert wild > 1e6


def test_early_stopping_shrinks_each_direction_nearly_like_ridge():
    curvatures = np.geomspace(1e-6, 1.0, 500)
    rate, steps = 1e-3, np.array([30, 1000, 30_000])
    stopped = linear.descent_filters(curvatures, rate=rate, steps=steps)
    penalties = np.array([linear.matching_penalty(rate, n) for n in steps])
    ridge = curvatures / (curvatures + penalties[:, None])
    # The greatest difference of 1 - exp(-z) and z / (1 + z).
    assert np.abs(stopped - ridge).max() < 0.204
    assert np.abs(stopped - ridge)[2].max() > 0.2
    # Both keep small directions by the same first order, h * rate * t.
    np.testing.assert_allclose(stopped[0, 0], ridge[0, 0], rtol=1e-3)


def test_the_matching_penalty_matches_the_whole_model(problem):
    X, y = problem(4, 30, 20, 40, 1)
    for steps in (20, 200):
        stopped = linear.descent_path(X, y, steps, rate=0.05).weights[:, 0]
        near = linear.ridge_path(X, y, linear.matching_penalty(0.05, steps)).weights[:, 0]
        size = np.linalg.norm(stopped, axis=1)
        assert (np.linalg.norm(stopped - near, axis=1) < 0.25 * size).all()
        for other in (10, 0.1):
            far = linear.ridge_path(X, y, other / (0.05 * steps)).weights[:, 0]
            worse = np.linalg.norm(stopped - far, axis=1) > np.linalg.norm(stopped - near, axis=1)
            assert worse.all()


def test_tiny_curvatures_keep_their_digits():
    found = linear.descent_filters(np.array([1e-18]), rate=1.0, steps=1000)
    np.testing.assert_allclose(found, 1e-15, rtol=1e-12)
