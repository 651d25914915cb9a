"""The lasso: scikit-learn's objective, exact zeros, optimality conditions, the gap's promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, Lasso

from mlplab.errors import ConfigError
from mlplab.theory import linear

seeds = st.integers(0, 2**32)
shapes = (st.integers(2, 15), st.integers(1, 20))  # rows, inputs


def objective(X, y, w, b, l1, l2=0.0):
    squares = np.square(X @ w + b - y).mean() / 2
    return squares + l1 * np.abs(w).sum() + l2 / 2 * np.square(w).sum()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@given(seeds, st.booleans(), st.sampled_from([0.0, 0.05]), *shapes)
def test_its_objective_is_scikit_learns_or_lower(problem, seed, intercept, l2, n_rows, n_inputs):
    X, y = problem(seed, 2, n_rows, n_inputs)
    path = linear.largest_penalty(X, y, intercept=intercept).max() * np.array([0.02, 0.3, 0.8])
    found = linear.lasso_path(X, y, path, l2=l2, intercept=intercept, tolerance=1e-12)
    for r in range(2):
        for place, l1 in enumerate(path):
            alpha, ratio = linear.elastic_net_alpha(l1, l2)
            settings = {"fit_intercept": intercept, "tol": 1e-13, "max_iter": 200_000}
            other = (
                ElasticNet(alpha=alpha, l1_ratio=ratio, **settings)
                if l2
                else Lasso(alpha=l1, **settings)
            ).fit(X[r], y[r])
            ours = objective(
                X[r],
                y[r],
                found.models.weights[r, place],
                found.models.intercepts[r, place],
                l1,
                l2,
            )
            theirs = objective(X[r], y[r], other.coef_, other.intercept_, l1, l2)
            assert ours <= theirs + 1e-10
            assert theirs <= ours + 1e-9 + found.gaps[r, place]


@given(seeds, st.booleans(), st.sampled_from([0.0, 0.1]), st.floats(0.01, 0.9), *shapes)
def test_the_conditions_of_an_optimum_hold_with_exact_zeros(
    problem, seed, intercept, l2, share, n_rows, n_inputs
):
    X, y = problem(seed, 3, n_rows, n_inputs)
    l1 = float(linear.largest_penalty(X, y, intercept=intercept).min()) * share
    found = linear.lasso_path(X, y, l1, l2=l2, intercept=intercept, tolerance=1e-14).models
    w = found.weights[:, 0]
    error = found.predict(X)[:, 0] - y
    slope = (error[:, None] @ X)[:, 0] / n_rows + l2 * w
    np.testing.assert_allclose(slope[w != 0], -l1 * np.sign(w[w != 0]), rtol=1e-5, atol=1e-9)
    assert np.abs(slope[w == 0]).max(initial=0) <= l1 * (1 + 1e-5)


@given(seeds, st.booleans(), *shapes)
def test_from_the_largest_penalty_on_all_weights_are_zero_and_below_not(
    problem, seed, intercept, n_rows, n_inputs
):
    X, y = problem(seed, 1, n_rows, n_inputs)
    top = float(linear.largest_penalty(X, y, intercept=intercept)[0])
    found = linear.lasso_path(X, y, [top * (1 + 1e-12), top * 0.99], intercept=intercept)
    assert not found.models.weights[0, 0].any()
    assert found.models.weights[0, 1].any()


def test_orthonormal_columns_are_soft_thresholds_of_least_squares():
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 12, 5)))[0] * 12**0.5
    y = np.random.default_rng(1).standard_normal((4, 12))
    least = linear.solve_qr(q, y).weights
    found = linear.lasso_path(q, y, [0.2]).models.weights[:, 0]
    np.testing.assert_allclose(found, linear.soft_threshold(least, 0.2), atol=1e-12)
    assert ((found == 0) == (np.abs(least) <= 0.2)).all()


@given(seeds, *shapes)
def test_the_gap_bounds_the_distance_from_the_minimum(problem, seed, n_rows, n_inputs):
    X, y = problem(seed, 2, n_rows, n_inputs)
    l1 = float(linear.largest_penalty(X, y).max()) * 0.1
    rough = linear.lasso_path(X, y, l1, tolerance=0.3)
    fine = linear.lasso_path(X, y, l1, tolerance=1e-14)
    for r in range(2):
        values = [objective(X[r], y[r], p.models.weights[r, 0], 0.0, l1) for p in (rough, fine)]
        assert -1e-12 <= values[0] - values[1] <= rough.gaps[r, 0] + 1e-12
    assert (rough.gaps[:, 0] <= 0.3 * np.square(y).mean(axis=1) / 2).all()


def test_all_runs_at_once_are_each_run_alone_and_order_does_not_matter(problem):
    X, y = problem(9, 6, 12, 30)
    path = np.array([0.05, 0.4, 0.1])
    together = linear.lasso_path(X, y, path, intercept=True, tolerance=1e-14).models.weights
    for r in range(6):
        alone = linear.lasso_path(
            X[r : r + 1], y[r : r + 1], path[::-1], intercept=True, tolerance=1e-14
        ).models.weights[0, ::-1]
        np.testing.assert_allclose(together[r], alone, atol=1e-7)
        assert ((together[r] == 0) == (alone == 0)).all()


def test_equal_columns_and_columns_of_zeros_do_no_harm():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2, 8, 3))
    X = np.concatenate([X, X, np.zeros((2, 8, 1))], axis=2)
    y = X[..., 0] + 0.1 * rng.standard_normal((2, 8))
    found = linear.lasso_path(X, y, [0.01], tolerance=1e-12)
    once = linear.lasso_path(X[..., :3], y, [0.01], tolerance=1e-12)
    assert not found.models.weights[..., -1].any()
    np.testing.assert_allclose(found.models.predict(X), once.models.predict(X[..., :3]), atol=1e-5)
    nothing = linear.lasso_path(np.zeros((1, 4, 2)), np.ones((1, 4)), [0.1], intercept=True)
    assert nothing.models.intercepts.tolist() == [[1.0]]


def test_a_gap_that_does_not_close_is_an_error(problem):
    X, y = problem(0, 2, 10, 20, 3)
    with pytest.raises(ConfigError, match=r"max_sweeps: the gap of run \d is .* after 1 sweeps"):
        linear.lasso_path(X, y, 1e-4, max_sweeps=1)
