"""Bounds on products of matrices, and products of random ones: properties, counter-examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mlplab.errors import ConfigError, DataError
from mlplab.theory import (
    draw_factors,
    gaussian_exponents,
    log_extremes,
    log_growth,
    product_eigenvalue_bounds,
    singular_value_bounds,
)

values = st.floats(-8, 8, allow_subnormal=False)
SLACK = 1e-6  # of the largest product: an eigenvalue that is nearly double has half the digits


@st.composite
def pairs(draw, low=-8.0):
    """Two symmetric matrices with eigenvalues of any multiplicity; their bases may be one."""
    n = draw(st.integers(1, 5))
    spectra = [
        draw(arrays(float, n, elements=st.floats(low, 8, allow_subnormal=False))) for _ in range(2)
    ]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    bases = [np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2)]
    if draw(st.booleans()):
        bases[1] = bases[0]
    out = [basis * spectrum @ basis.T for basis, spectrum in zip(bases, spectra, strict=True)]
    return [(one + one.T) / 2 for one in out]


@given(pairs())
def test_every_eigenvalue_lies_between_the_corners(pair):
    low, high = product_eigenvalue_bounds(*pair)
    slack = SLACK * max(abs(low), abs(high), 1e-9)
    found = np.linalg.eigvals(pair[0] @ pair[1])
    assert ((found.real >= low - slack) & (found.real <= high + slack)).all()
    assert (abs(found) <= max(abs(low), abs(high)) + slack).all()


def test_the_corners_are_reached():
    """Where both have one basis, in the right order: no narrower bound knows the ends alone."""
    for A, B in ((np.diag([-2.0, 3.0]), np.diag([5.0, -7.0])), (np.diag([1.0, 2.0]), np.eye(2))):
        found = np.linalg.eigvals(A @ B).real
        other = np.linalg.eigvals(A @ B[::-1, ::-1]).real
        low, high = product_eigenvalue_bounds(A, B)
        assert min(*found, *other) == low
        assert max(*found, *other) == high


@given(pairs(low=0.0))
def test_semidefinite_factors_have_a_real_spectrum_within(pair):
    found = np.linalg.eigvals(pair[0] @ pair[1])
    low, high = product_eigenvalue_bounds(*pair)
    slack = 1e-6 * max(high, 1e-3)
    # A double zero splits into +- sqrt(rounding), perhaps imaginary.
    assert abs(found.imag).max() <= np.sqrt(1e-14) * max(high, 1.0)
    assert found.real.min() >= low - slack - 1e-7
    assert found.real.max() <= high + slack


@given(st.lists(arrays(float, (3, 3), elements=values), min_size=1, max_size=5))
def test_no_product_stretches_more_or_less_than_its_factors(matrices):
    low, high = singular_value_bounds(matrices)
    product = np.linalg.multi_dot(matrices) if len(matrices) > 1 else matrices[0]
    slack = 1e-12 * max(float(high), 1e-200)
    found = np.linalg.svd(product, compute_uv=False)
    assert found[0] <= high + slack
    assert found[-1] >= low - slack
    moduli = abs(np.linalg.eigvals(product))
    assert moduli.max() <= high * (1 + 1e-9) + slack


class TestCounterExamples:
    def test_symmetric_factors_may_have_no_real_eigenvalue(self):
        swap, sign = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
        assert np.linalg.eigvals(swap @ sign) == pytest.approx([1j, -1j])

    def test_eigenvalues_of_factors_that_are_not_symmetric_bound_nothing(self):
        A = np.array([[0.0, 10.0], [0.0, 0.0]])
        assert not np.linalg.eigvals(A).any()
        assert max(np.linalg.eigvals(A @ A.T).real) == pytest.approx(100)
        assert singular_value_bounds([A, A.T])[1] == pytest.approx(100)

    def test_two_corners_are_not_enough_for_definite_factors(self):
        A = np.diag([1.0, 2.0])
        assert min(np.linalg.eigvals(A @ A)) == 1
        assert product_eigenvalue_bounds(A, A)[0] == 1


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_growth_is_newmans(n, scale):
    depth = 4000
    grown = log_growth(draw_factors("gaussian", n, depth, seed=n, scale=scale))
    # A step's deviation is about that of log chi over its degrees of freedom.
    steps = np.diff(grown, prepend=0)
    error = 5 * steps.std() / np.sqrt(depth)
    assert grown[-1] / depth == pytest.approx(gaussian_exponents(n, scale)[0], abs=error)


def test_all_exponents_add_up_to_the_determinants():
    factors = draw_factors("gaussian", 6, 3000, seed=0)
    logs = np.linalg.slogdet(factors)[1]
    assert logs.mean() == pytest.approx(
        gaussian_exponents(6).sum(), abs=5 * logs.std() / np.sqrt(3000)
    )


def test_extremes_are_those_of_the_product():
    factors = draw_factors("gaussian", 5, 6, seed=3, scale=1.3)
    high, low = log_extremes(factors)
    product = np.eye(5)
    for factor, most, least in zip(factors, high, low, strict=True):
        product = factor @ product
        found = np.linalg.svd(product, compute_uv=False)
        assert np.exp(most) == pytest.approx(found[0], rel=1e-10)
        assert np.exp(least) == pytest.approx(found[-1], rel=1e-6)


def test_extremes_go_beyond_what_a_decomposition_sees():
    factors = draw_factors("gaussian", 8, 400, seed=1)
    high, low = log_extremes(factors)
    exponents = gaussian_exponents(8)
    assert high[-1] / 400 == pytest.approx(exponents[0], abs=0.1)
    assert low[-1] / 400 == pytest.approx(exponents[-1], abs=0.2)
    assert high[-1] - low[-1] > 16 * np.log(10)


def test_orthogonal_factors_keep_every_length():
    factors = draw_factors("orthogonal", 7, 50, seed=2)
    np.testing.assert_allclose(np.swapaxes(factors, 1, 2) @ factors, np.eye(7)[None] * np.ones(
        (50, 1, 1)), atol=1e-12)  # fmt: skip
    for found in (*log_extremes(factors), log_growth(factors)):
        assert abs(found).max() < 1e-12


def test_shorter_products_have_the_first_factors_of_longer_ones():
    assert (draw_factors("gaussian", 4, 3, 5) == draw_factors("gaussian", 4, 9, 5)[:3]).all()


@pytest.mark.parametrize(("call", "words"), [
    (lambda: product_eigenvalue_bounds([[1.0, 2.0]], np.eye(2)), r"A: expected \(..., N, N\)"),
    (lambda: product_eigenvalue_bounds([[0.0, 1.0], [0.0, 0.0]], np.eye(2)), "A: expected a symm"),
    (lambda: product_eigenvalue_bounds(np.eye(2), np.eye(3)), "expected one shape"),
    (lambda: singular_value_bounds([]), "expected one at least"),
    (lambda: singular_value_bounds([np.full((2, 2), np.nan)]), "matrix 0: expected finite"),
    (lambda: draw_factors("gausian", 3, 2, 0), "kind: .*gaussian"),
    (lambda: draw_factors("gaussian", 0, 2, 0), "n: expected"),
    (lambda: draw_factors("gaussian", 2, 0, 0), "depth: expected"),
    (lambda: gaussian_exponents(3, -1.0), "scale: expected"),
])  # fmt: skip
def test_wrong_input_is_one_line(call, words):
    with pytest.raises((ConfigError, DataError), match=words):
        call()
