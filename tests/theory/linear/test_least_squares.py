"""Three ways to least squares: scipy's answer, and what each loses where the columns are near."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from mlplab.data.draws import draw_polynomial
from mlplab.errors import ConfigError
from mlplab.theory import linear
from mlplab.theory.features import monomials

seeds = st.integers(0, 2**32)
SOLVERS = [linear.solve_normal_equations, linear.solve_qr, linear.solve_svd]


@pytest.mark.parametrize("solve", SOLVERS)
@given(seeds, st.integers(1, 4), st.integers(1, 8), st.integers(1, 12), st.floats(0, 5))
def test_tall_problems_have_scipys_answer(problem, solve, seed, n_runs, n_inputs, more, digits):
    X, y = problem(seed, n_runs, n_inputs + more, n_inputs, digits)
    found = solve(X, y)
    for r in range(n_runs):
        wanted = scipy.linalg.lstsq(X[r], y[r])[0]
        # Normal equations may lose twice the digits of the condition number.
        lost = 10 ** (2 * digits if solve is SOLVERS[0] else digits + 1)
        assert np.abs(found.weights[r] - wanted).max() < 1e-13 * lost * (1 + np.abs(wanted).max())
    assert not found.intercepts.any()


@pytest.mark.parametrize("solve", SOLVERS)
@given(seeds, st.integers(1, 6), st.integers(2, 12))
def test_an_intercept_is_scikit_learns(problem, solve, seed, n_inputs, more):
    X, y = problem(seed, 2, n_inputs + more, n_inputs)
    X = X + 3.0
    found = solve(X, y, intercept=True)
    for r in range(2):
        wanted = LinearRegression().fit(X[r], y[r])
        np.testing.assert_allclose(found.weights[r], wanted.coef_, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(found.intercepts[r], wanted.intercept_, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(found.predict(X)[r], wanted.predict(X[r]), atol=1e-9)
        error = np.square(wanted.predict(X[r]) - y[r]).mean()
        np.testing.assert_allclose(found.mean_squared_error(X, y)[r], error, rtol=1e-8, atol=1e-18)


@given(seeds, st.integers(1, 3), st.integers(1, 10), st.integers(1, 15), st.booleans())
def test_wide_problems_are_interpolated_with_the_smallest_norm(
    problem, seed, n_runs, n_rows, more, intercept
):
    X, y = problem(seed, n_runs, n_rows, n_rows + more)
    found = linear.solve_svd(X, y, intercept=intercept)
    np.testing.assert_allclose(found.predict(X), y, atol=1e-11)
    for r in range(n_runs):
        if not intercept:
            wanted = np.linalg.pinv(X[r]) @ y[r]
            np.testing.assert_allclose(found.weights[r], wanted, atol=1e-11)
        # Any step that changes no output only lengthens it.
        centred = X[r] - intercept * X[r].mean(axis=0)
        null = scipy.linalg.null_space(centred, rcond=1e-10)
        assert np.abs(null.T @ found.weights[r]).max(initial=0) < 1e-11


@pytest.mark.parametrize("solve", SOLVERS)
def test_all_runs_at_once_are_each_run_alone(problem, solve):
    X, y = problem(3, 7, 30, 6, 4)
    together = solve(X, y, intercept=True)
    for r in range(7):
        alone = solve(X[r : r + 1], y[r : r + 1], intercept=True)
        np.testing.assert_allclose(together.weights[r], alone.weights[0], rtol=1e-9)
        np.testing.assert_allclose(together.intercepts[r], alone.intercepts[0], rtol=1e-9)


def test_normal_equations_square_the_condition_number_and_qr_does_not(problem):
    digits = np.arange(2.0, 8.0)
    kept = {solve: [] for solve in SOLVERS}
    for lost in digits:
        # Targets in the span of X: the residual, which also multiplies the square, is nearly 0.
        X, _ = problem(int(lost), 100, 30, 8, lost)
        y = X.sum(axis=2)
        exact = linear.solve_exactly(X, y)
        for solve in SOLVERS:
            kept[solve].append(np.median(linear.digits_right(solve(X, y).weights, exact)))
    slopes = {solve: np.polyfit(digits, kept[solve], 1)[0] for solve in SOLVERS}
    assert slopes[linear.solve_qr] == pytest.approx(-1, abs=0.15)
    assert slopes[linear.solve_svd] == pytest.approx(-1, abs=0.15)
    assert slopes[linear.solve_normal_equations] == pytest.approx(-2, abs=0.15)
    ahead = np.subtract(kept[linear.solve_qr], kept[linear.solve_normal_equations])
    assert np.abs(ahead - digits).max() < 1.5


def test_normal_equations_lose_all_digits_where_qr_keeps_half(problem):
    X, _ = problem(0, 20, 30, 8, 9)
    y = X.sum(axis=2)
    exact = linear.solve_exactly(X, y)
    normal = linear.solve_normal_equations(X, y).weights
    # Broken down, or without a digit: in no run is there anything left.
    assert np.median(linear.digits_right(normal, exact)) < 1
    assert linear.digits_right(linear.solve_qr(X, y).weights, exact).min() > 4.5


def test_a_run_without_an_answer_hurts_no_other(problem):
    X, y = problem(1, 5, 12, 4)
    good = linear.solve_normal_equations(X, y).weights
    X[2, :, 1] = 0.0
    for solve in SOLVERS[:2]:
        found = solve(X, y).weights
        assert not np.isfinite(found[2]).all()
        np.testing.assert_allclose(found[[0, 1, 3, 4]], good[[0, 1, 3, 4]], rtol=1e-9)
    assert np.isfinite(linear.solve_svd(X, y).weights).all()
    assert abs(linear.solve_svd(X, y).weights[2, 1]) < 1e-12


@pytest.mark.parametrize("n", [2, 5, 8, 12])
def test_as_many_terms_as_points_interpolate_and_fewer_do_not(n):
    x, y = draw_polynomial(range(20), n)
    features = monomials(x, n)
    interpolated = linear.solve_qr(features, y).mean_squared_error(features, y)
    assert interpolated.max() < 1e-14
    if n > 4:
        fewer = features[..., : n - 1]
        short = linear.solve_qr(fewer, y).mean_squared_error(fewer, y)
        assert np.median(short) > 1e-6
        assert (short > 1e4 * interpolated).all()


def test_badly_scaled_columns_cost_qr_nothing_and_the_cutoff_of_svd_a_direction():
    x, y = draw_polynomial(range(30), 100)
    features = monomials(x, 20)
    size = np.linalg.norm(features, axis=1)
    plain = linear.solve_qr(features, y)
    even = linear.solve_qr(features / size[:, None], y)
    outputs = plain.predict(features)
    np.testing.assert_allclose(outputs, even.predict(features / size[:, None]), atol=1e-5)
    # x^19 / 19! is below 1e-15 of the largest column: SVD takes it for a rounding error.
    assert (linear.spectrum(features, y).rank < 20).any()
    assert (linear.spectrum(features / size[:, None], y).rank == 20).all()


def test_fewer_rows_than_unknowns_are_refused_by_qr():
    X, y = np.ones((1, 3, 3)), np.ones((1, 3))
    with pytest.raises(ConfigError, match="at least as many rows as unknowns, 4; got 3: use solve"):
        linear.solve_qr(X, y, intercept=True)
    with pytest.raises(ConfigError, match="penalty: expected a finite number from 0; got -1"):
        linear.solve_normal_equations(X, y, penalty=-1)
    with pytest.raises(ConfigError, match=r"cutoff: expected a share from 0 to below 1; got 1\.5"):
        linear.solve_svd(X, y, cutoff=1.5)
