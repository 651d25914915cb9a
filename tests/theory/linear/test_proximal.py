"""Full-batch steps to the lasso: the limit is coordinate descent's; what subgradients miss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.theory import linear

seeds = st.integers(0, 2**32)


@pytest.mark.parametrize("method", ["proximal", "accelerated"])
@pytest.mark.parametrize("intercept", [False, True])
def test_the_limit_is_coordinate_descents(problem, method, intercept):
    X, y = problem(3, 4, 25, 8, 0.7)
    end = linear.descend_lasso(X, y, 0.1, steps=800, method=method, intercept=intercept)
    best = linear.lasso_path(X, y, 0.1, intercept=intercept, tolerance=1e-15).models
    np.testing.assert_allclose(end.models.weights, best.weights[:, 0], atol=1e-9)
    np.testing.assert_allclose(end.models.intercepts, best.intercepts[:, 0], atol=1e-9)
    assert ((end.models.weights == 0) == (best.weights[:, 0] == 0)).all()
    assert end.zeros[:, -1].tolist() == (best.weights[:, 0] == 0).sum(axis=1).tolist()


@given(seeds, st.integers(2, 12), st.integers(1, 15), st.floats(0, 1))
def test_proximal_steps_never_raise_the_objective(problem, seed, n_rows, n_inputs, penalty):
    X, y = problem(seed, 2, n_rows, n_inputs)
    path = linear.descend_lasso(X, y, penalty, steps=30).objective
    assert (np.diff(path, axis=1) <= 1e-12).all()


@given(seeds, st.integers(2, 12), st.integers(1, 10))
def test_without_a_penalty_every_method_is_gradient_descent(problem, seed, n_rows, n_inputs):
    X, y = problem(seed, 2, n_rows, n_inputs)
    wanted = linear.descent_path(X, y, 20, rate=0.3).weights[:, 0]
    for method in ("subgradient", "proximal"):
        end = linear.descend_lasso(X, y, 0.0, steps=20, rate=0.3, method=method)
        np.testing.assert_allclose(end.models.weights, wanted, atol=1e-12)


def test_the_subgradient_hovers_about_zero_and_the_proximal_step_reaches_it(problem):
    X, y = problem(1, 5, 30, 10, 0.5)
    penalty, rate = 0.3, 0.05
    best = linear.lasso_path(X, y, penalty, tolerance=1e-15).models.weights[:, 0]
    assert (best == 0).any()
    sub = linear.descend_lasso(X, y, penalty, steps=3000, rate=rate, method="subgradient")
    prox = linear.descend_lasso(X, y, penalty, steps=3000, rate=rate)
    hovering = np.abs(sub.models.weights[best == 0])
    assert (hovering > 0).all()
    # One step cannot carry it further than both of its parts.
    assert hovering.max() <= 2 * rate * penalty
    assert (prox.models.weights[best == 0] == 0).all()
    assert (sub.objective[:, -1] > prox.objective[:, -1]).all()


def test_the_accelerated_method_keeps_its_bound(problem):
    X, y = problem(2, 3, 20, 15, 2)
    best = linear.lasso_path(X, y, 0.02, tolerance=1e-15).models
    minimum = best.mean_squared_error(X, y)[:, 0] / 2 + 0.02 * np.abs(best.weights[:, 0]).sum(-1)
    path = linear.descend_lasso(X, y, 0.02, steps=300, method="accelerated").objective
    square = np.square(best.weights[:, 0]).sum(axis=1)
    rates = linear.largest_lasso_rate(X, y)
    # Beck and Teboulle, theorem 4.4.
    bound = 2 * (square / rates)[:, None] / np.arange(1, 302) ** 2
    assert (path[:, 1:] - minimum[:, None] <= bound[:, 1:] + 1e-12).all()
