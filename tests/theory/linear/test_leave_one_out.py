"""Leave-one-out in closed form equals refitting without each row, whatever the shape."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlplab.theory import linear

seeds = st.integers(0, 2**32)


def by_refitting(X, y, path, intercept):
    errors = np.empty((len(X), len(path), X.shape[1]))
    for i in range(X.shape[1]):
        rest = np.delete(X, i, axis=1), np.delete(y, i, axis=1)
        models = linear.ridge_path(*rest, path, intercept=intercept)
        errors[..., i] = y[:, None, i] - models.predict(X[:, i : i + 1])[..., 0]
    return errors


@given(seeds, st.integers(1, 3), st.integers(2, 12), st.integers(1, 15), st.booleans())
def test_it_equals_refitting(problem, seed, n_runs, n_rows, n_inputs, intercept):
    X, y = problem(seed, n_runs, n_rows, n_inputs)
    path = [1e-4, 0.1, 1.0, 50.0]
    found = linear.leave_one_out_errors(X, y, path, intercept=intercept)
    wanted = by_refitting(X, y, path, intercept)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


@given(seeds, st.integers(2, 10), st.integers(1, 12), st.booleans())
def test_at_penalty_zero_too_for_few_weights_and_for_many(problem, seed, n_rows, more, intercept):
    for n_inputs in (max(1, n_rows - 1 - more), n_rows + more):
        X, y = problem(seed, 2, n_rows, n_inputs)
        found = linear.leave_one_out_errors(X, y, 0.0, intercept=intercept)
        unknowns = n_inputs + intercept
        if n_inputs < n_rows and unknowns >= n_rows:
            continue
        wanted = by_refitting(X, y, [0.0], intercept)
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def test_a_row_that_alone_fixes_a_direction_is_undecided_at_penalty_zero_only():
    X = np.array([[[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 2.0]]])
    y = np.array([[5.0, 1.0, 2.0, 3.0]])
    found = linear.leave_one_out_errors(X, y, [0.0, 0.1])[0]
    assert np.isnan(found[0]).tolist() == [True, False, False, False]
    np.testing.assert_allclose(found[1], by_refitting(X, y, [0.1], False)[0, 0], rtol=1e-12)


def test_all_runs_at_once_are_each_run_alone(problem):
    X, y = problem(4, 5, 9, 20)
    together = linear.leave_one_out_errors(X, y, [0.0, 0.2], intercept=True)
    for r in range(5):
        alone = linear.leave_one_out_errors(X[r : r + 1], y[r : r + 1], [0.0, 0.2], intercept=True)
        np.testing.assert_allclose(together[r], alone[0], rtol=1e-9)


@given(seeds, st.integers(3, 12), st.integers(1, 15), st.booleans())
def test_gcv_is_leave_one_out_with_the_mean_leverage(problem, seed, n_rows, n_inputs, intercept):
    X, y = problem(seed, 2, n_rows, n_inputs)
    path = [0.01, 0.5]
    found = linear.generalised_cross_validation(X, y, path, intercept=intercept)
    error = linear.ridge_path(X, y, path, intercept=intercept).mean_squared_error(X, y)
    used = linear.degrees_of_freedom(X, path, intercept=intercept)
    np.testing.assert_allclose(found, error / (1 - used / n_rows) ** 2, rtol=1e-8)


def test_gcv_is_infinite_where_the_fit_uses_every_row(problem):
    X, y = problem(0, 2, 5, 8)
    assert np.isinf(linear.generalised_cross_validation(X, y, 0.0)).all()


def test_gcv_is_blind_to_rotations_of_the_rows(problem):
    X, y = problem(1, 1, 8, 3)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))[0]
    one = linear.generalised_cross_validation(X, y, [0.1])
    two = linear.generalised_cross_validation(turn @ X, y @ turn.T, [0.1])
    np.testing.assert_allclose(one, two, rtol=1e-10)
