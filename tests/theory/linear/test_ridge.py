"""Ridge along a path: scikit-learn's answers, both limits, and the effective number of weights."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from mlplab.theory import linear

seeds = st.integers(0, 2**32)
shapes = (st.integers(1, 15), st.integers(1, 15))  # rows, inputs


@given(seeds, st.booleans(), st.floats(0, 4), *shapes)
def test_every_point_of_the_path_is_scikit_learns(
    problem, seed, intercept, digits, n_rows, n_inputs
):
    X, y = problem(seed, 2, n_rows, n_inputs, digits)
    path = [1e-3, 0.1, 1.0, 30.0]
    found = linear.ridge_path(X, y, path, intercept=intercept)
    assert found.weights.shape == (2, 4, n_inputs)
    for r in range(2):
        for place, penalty in enumerate(path):
            alpha = linear.ridge_alpha(penalty, n_rows)
            wanted = Ridge(alpha=alpha, fit_intercept=intercept, solver="cholesky").fit(X[r], y[r])
            np.testing.assert_allclose(found.weights[r, place], wanted.coef_, atol=1e-9)
            np.testing.assert_allclose(found.intercepts[r, place], wanted.intercept_, atol=1e-9)
            error = np.square(wanted.predict(X[r]) - y[r]).mean()
            measured = found.mean_squared_error(X, y)[r, place]
            np.testing.assert_allclose(measured, error, rtol=1e-7, atol=1e-15)


@given(seeds, st.booleans(), *shapes)
def test_the_objectives_gradient_is_zero(problem, seed, intercept, n_rows, n_inputs):
    X, y = problem(seed, 2, n_rows, n_inputs)
    penalty = 0.3
    found = linear.ridge_path(X, y, penalty, intercept=intercept)
    error = found.predict(X)[:, 0] - y
    slope = (error[:, None] @ X)[:, 0] / n_rows + penalty * found.weights[:, 0]
    assert np.abs(slope).max() < 1e-12
    if intercept:
        assert np.abs(error.mean(axis=1)).max() < 1e-12


@given(seeds, st.booleans(), st.floats(0, 3), *shapes)
def test_the_limits_are_least_squares_and_nothing(
    problem, seed, intercept, digits, n_rows, n_inputs
):
    X, y = problem(seed, 3, n_rows, n_inputs, digits)
    path = linear.ridge_path(X, y, [0.0, 1e-14, 1e12], intercept=intercept)
    least = linear.solve_svd(X, y, intercept=intercept)
    np.testing.assert_allclose(path.weights[:, 0], least.weights, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(path.weights[:, 1], least.weights, rtol=1e-5, atol=1e-5)
    assert np.abs(path.weights[:, 2]).max() < 1e-9
    outcome = y.mean(axis=1) if intercept else 0.0
    np.testing.assert_allclose(path.intercepts[:, 2], outcome, atol=1e-9)


@given(seeds, st.booleans(), *shapes)
def test_norms_fall_and_training_errors_rise_with_the_penalty(
    problem, seed, intercept, n_rows, n_inputs
):
    X, y = problem(seed, 2, n_rows, n_inputs)
    path = linear.ridge_path(X, y, np.geomspace(1e-4, 100, 12), intercept=intercept)
    assert (np.diff(np.square(path.weights).sum(axis=-1), axis=1) <= 1e-12).all()
    assert (np.diff(path.mean_squared_error(X, y), axis=1) >= -1e-12).all()


@given(seeds, st.booleans(), *shapes)
def test_degrees_of_freedom_are_the_trace_of_the_hat_matrix(
    problem, seed, intercept, n_rows, n_inputs
):
    X, _ = problem(seed, 1, n_rows, n_inputs)
    path = [0.0, 0.01, 1.0, 1e9]
    found = linear.degrees_of_freedom(X, path, intercept=intercept)[0]
    # Column i of the hat matrix is what unit targets at row i are fitted by.
    units = np.eye(n_rows)
    fitted = linear.ridge_path(np.repeat(X, n_rows, axis=0), units, path, intercept=intercept)
    outputs = fitted.predict(np.repeat(X, n_rows, axis=0))
    trace = outputs[np.arange(n_rows), :, np.arange(n_rows)].sum(axis=0)
    np.testing.assert_allclose(found, trace, atol=1e-9)
    rank = np.linalg.matrix_rank(X[0] - intercept * X[0].mean(axis=0), tol=1e-9)
    np.testing.assert_allclose(found[[0, -1]], [rank + intercept, intercept], atol=1e-6)


def test_normal_equations_with_a_penalty_are_a_point_of_the_path(problem):
    X, y = problem(2, 4, 6, 9)
    for intercept in (False, True):
        one = linear.solve_normal_equations(X, y, penalty=0.2, intercept=intercept)
        path = linear.ridge_path(X, y, [0.2], intercept=intercept)
        np.testing.assert_allclose(one.weights, path.weights[:, 0], atol=1e-11)
        np.testing.assert_allclose(one.intercepts, path.intercepts[:, 0], atol=1e-11)


def test_all_runs_at_once_are_each_run_alone_and_order_does_not_matter(problem):
    X, y = problem(5, 6, 10, 14)
    path = np.array([3.0, 0.0, 0.1])
    together = linear.ridge_path(X, y, path, intercept=True).weights
    back = linear.ridge_path(X[::-1], y[::-1], path[::-1], intercept=True).weights
    np.testing.assert_allclose(back[::-1, ::-1], together, rtol=1e-9, atol=1e-12)
    for r in range(6):
        alone = linear.ridge_path(X[r : r + 1], y[r : r + 1], path, intercept=True).weights
        np.testing.assert_allclose(together[r], alone[0], rtol=1e-9, atol=1e-12)


def test_weight_decay_on_a_mean_squared_error_seeks_half_of_it(problem):
    X, y = problem(7, 3, 20, 5)
    decay, w = 0.4, np.zeros((3, 5))
    for _ in range(4000):
        error = (X @ w[..., None])[..., 0] - y
        w = w - 0.1 * (2 * (error[:, None] @ X)[:, 0] / 20 + decay * w)
    penalty = linear.penalty_of_weight_decay(decay)
    np.testing.assert_allclose(w, linear.ridge_path(X, y, penalty).weights[:, 0], atol=1e-10)
