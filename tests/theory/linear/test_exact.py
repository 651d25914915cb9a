"""Least squares without rounding: fractions, and the float64 solvers where they can be right."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlplab.data.draws import draw_polynomial
from mlplab.theory import linear
from mlplab.theory.features import monomials

seeds = st.integers(0, 2**32)


@given(seeds, st.integers(1, 6), st.integers(0, 8), st.floats(0, 3))
def test_well_conditioned_problems_agree_with_qr(problem, seed, n_inputs, more, digits):
    X, y = problem(seed, 2, n_inputs + more, n_inputs, digits)
    exact, found = linear.solve_exactly(X, y), linear.solve_qr(X, y).weights
    np.testing.assert_allclose(found, exact, atol=1e-12 * 10 ** (digits + 1))


@given(
    st.integers(1, 4).flatmap(
        lambda p: st.lists(
            st.lists(st.integers(-50, 50), min_size=p + 1, max_size=p + 1), min_size=p, max_size=7
        )
    )
)
def test_the_residual_is_orthogonal_to_every_column(rows):
    table = np.array(rows, dtype=float)
    X, y = table[None, :, :-1], table[None, :, -1]
    weights = linear.solve_exactly(X, y)[0]
    if np.linalg.matrix_rank(X[0]) < X.shape[2]:
        assert np.isnan(weights).all()
        return
    for column in X[0].T:
        inner = sum(
            Fraction(float(c))
            * (
                sum(
                    Fraction(float(a)) * Fraction(float(w))
                    for a, w in zip(row, weights, strict=True)
                )
                - Fraction(float(t))
            )
            for c, row, t in zip(column, X[0], y[0], strict=True)
        )
        # Only the last rounding, of the weights, is left.
        assert abs(inner) <= 1e-9 * (1 + np.abs(weights).max())


def test_an_integer_solution_is_found_where_float64_has_no_digit():
    x, _ = draw_polynomial([0, 1], 40)
    X = monomials(x, 16, scaled=False).round(6)
    X = X * 2.0**-20
    w = np.arange(1.0, 17.0)
    # Targets that float64 holds exactly: each is the rounded product, so solve for those.
    y = (X * w).sum(axis=2)
    exact = linear.solve_exactly(X, y)
    assert np.abs(exact / w - 1).max() < 1e-3
    scaled = linear.solve_exactly(X * 2.0**30, y)
    np.testing.assert_array_equal(scaled * 2.0**30, exact)


def test_scaling_the_features_by_factorials_changes_no_output():
    x, y = draw_polynomial([3], 30)
    raw, scaled = (monomials(x, 12, scaled=s) for s in (False, True))
    one = (raw @ linear.solve_exactly(raw, y)[..., None])[..., 0]
    two = (scaled @ linear.solve_exactly(scaled, y)[..., None])[..., 0]
    np.testing.assert_allclose(one, two, atol=1e-8)
