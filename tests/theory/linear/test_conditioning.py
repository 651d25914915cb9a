"""Condition numbers and digits: numpy's, Hilbert's, and what the solvers really keep."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from mlplab.data.draws import draw_polynomial
from mlplab.theory import linear
from mlplab.theory.features import Standardiser, legendre, monomials


@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 9), st.floats(0, 8))
def test_the_condition_number_is_the_one_built_in(problem, seed, n_rows, n_inputs, digits):
    X, _ = problem(seed, 3, n_rows, n_inputs, digits)
    found = linear.condition_number(X)
    np.testing.assert_allclose(found, [np.linalg.cond(one) for one in X], rtol=1e-6)
    if min(n_rows, n_inputs) > 1:
        np.testing.assert_allclose(found, 10**digits, rtol=1e-6)


def test_dependent_columns_have_an_infinite_one():
    assert np.isinf(linear.condition_number(np.zeros((1, 2, 2)))).all()


@pytest.mark.parametrize("n", [3, 5, 7])
def test_hilberts_matrix_loses_the_digits_that_are_expected(n):
    X = scipy.linalg.hilbert(n)[None]
    y = X.sum(axis=2)
    exact = linear.solve_exactly(X, y)
    found = linear.digits_right(linear.solve_qr(X, y).weights, exact)
    assert found == pytest.approx(linear.digits_expected(X), abs=1.7)
    squared = linear.digits_right(linear.solve_normal_equations(X, y).weights, exact)
    assert squared == pytest.approx(linear.digits_expected(X, squared=True), abs=2.5)


def test_digits_are_cut_at_both_ends():
    exact = np.array([[1.0, 2.0]] * 4)
    found = exact.copy()
    found[1:, 0] += [1e300, np.inf, 1e-8]
    digits = linear.digits_right(found, exact)
    assert digits[:3].tolist() == [linear.FLOAT64_DIGITS, 0.0, 0.0]
    assert digits[3] == pytest.approx(8.35, abs=0.01)


def test_factorials_help_the_rate_and_not_the_condition_number():
    x, _ = draw_polynomial(range(20), 100)
    raw = monomials(x, 16, scaled=False)
    bases = {
        "raw": raw,
        "scaled": monomials(x, 16),
        "even": raw / np.linalg.norm(raw, axis=1, keepdims=True),
        "standard": Standardiser.of(raw)(raw),
        "legendre": legendre(x, 16, half_width=np.abs(x).max(axis=1, keepdims=True)),
    }
    log = {name: np.median(np.log10(linear.condition_number(X))) for name, X in bases.items()}
    rate = {name: np.median(linear.largest_stable_rate(X)) for name, X in bases.items()}
    # Columns of x^i grow like sqrt(i!): 1 / i! leaves the high ones as small as they were large.
    assert log["scaled"] > log["raw"] + 1
    for name in ("even", "standard", "legendre"):
        assert log[name] < log["raw"] - 1
    for name in ("scaled", "standard", "legendre"):
        assert rate[name] > 1e6 * rate["raw"]
