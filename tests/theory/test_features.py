"""Features of one number: numpy's polynomials, orthogonality, and the data set's own bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import hermite_e as numpy_hermite
from numpy.polynomial import legendre as numpy_legendre

from mlplab.data import load_task
from mlplab.errors import ConfigError, DataError
from mlplab.theory.features import Standardiser, clipped, hermite, legendre, monomials

seeds = st.integers(0, 2**32)
terms = st.integers(1, 25)


def numbers(seed, shape=(3, 7)):
    return np.random.default_rng(seed).standard_normal(shape)


@given(seeds, terms)
@settings(deadline=None)
def test_every_basis_is_numpys(seed, n_terms):
    x = numbers(seed)
    degrees = np.arange(n_terms)
    factorials = np.array([math.factorial(i) for i in degrees], dtype=float)
    inside = np.clip(x / 2.5, -1, 1) * 2.5
    vander = numpy_legendre.legvander(inside / 2.5, n_terms - 1)
    plain = legendre(inside, n_terms, half_width=2.5, normalised=False)
    np.testing.assert_allclose(plain, vander, atol=1e-12)
    wide = legendre(inside, n_terms, half_width=2.5)
    np.testing.assert_allclose(wide, vander * np.sqrt(2 * degrees + 1), atol=1e-11)
    vander = numpy_hermite.hermevander(x, n_terms - 1)
    size = np.abs(vander).max(axis=(0, 1))
    np.testing.assert_allclose(
        hermite(x, n_terms, normalised=False) / size, vander / size, atol=1e-11
    )
    root = np.sqrt(factorials)
    np.testing.assert_allclose(hermite(x, n_terms), vander / root, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(monomials(x, n_terms, scaled=False), x[..., None] ** degrees)
    np.testing.assert_allclose(monomials(x, n_terms), x[..., None] ** degrees / factorials)


def test_each_run_may_have_its_own_interval():
    x = numbers(0)
    width = np.abs(x).max(axis=1, keepdims=True)
    together = legendre(x, 9, half_width=width)
    for run in range(3):
        alone = legendre(x[run], 9, half_width=float(width[run, 0]))
        assert np.array_equal(together[run], alone)


@pytest.mark.parametrize("n_terms", [1, 5, 21, 40])
def test_normalised_bases_are_orthonormal(n_terms):
    x, weight = numpy_legendre.leggauss(60)
    features = legendre(3 * x, n_terms, half_width=3.0)
    gram = (features * weight[:, None]).T @ features / 2
    np.testing.assert_allclose(gram, np.eye(n_terms), atol=1e-11)
    x, weight = numpy_hermite.hermegauss(60)
    features = hermite(x, n_terms)
    gram = (features * weight[:, None]).T @ features / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(gram, np.eye(n_terms), atol=1e-9)


@pytest.mark.parametrize("scaled", [False, True])
def test_monomials_are_the_data_sets_bit_for_bit(scaled):
    task = load_task("polynomial", seed=4, n_terms=20, scaled=scaled, dtype="float64")
    x = task.inputs[:, 1]
    assert np.array_equal(monomials(x, 20, scaled=scaled), task.inputs)


@given(seeds, st.integers(1, 4), st.integers(1, 6))
def test_fewer_terms_are_a_prefix_and_runs_do_not_meet(seed, n_runs, n_terms):
    x = numbers(seed, (n_runs, 5))
    for basis in (monomials, legendre, hermite):
        long = basis(x, n_terms + 3)
        assert np.array_equal(long[..., :n_terms], basis(x, n_terms))
        assert np.array_equal(long[0], basis(x[0], n_terms + 3))
        assert long.shape == (n_runs, 5, n_terms + 3)


@given(seeds)
def test_standardised_training_features_have_mean_0_and_deviation_1(seed):
    features = monomials(numbers(seed, (3, 30)), 8, scaled=False)
    standard = Standardiser.of(features)
    train = standard(features)
    # The constant stays: it is the model's intercept.
    assert (train[..., 0] == 1).all()
    np.testing.assert_allclose(train[..., 1:].mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(train[..., 1:].std(axis=1), 1, rtol=1e-12)
    other = monomials(numbers(seed + 1, (3, 4)), 8, scaled=False)
    np.testing.assert_allclose(
        standard(other) * standard.deviation + standard.mean, other, rtol=1e-9, atol=1e-9
    )
    alone = Standardiser.of(features[1])(features[1])
    np.testing.assert_allclose(train[1], alone, rtol=1e-12, atol=1e-12)


def test_clipping_moves_only_what_lies_outside():
    features = np.array([-5.0, -1.0, 0.5, 7.0])
    assert clipped(features, 2.0).tolist() == [-2.0, -1.0, 0.5, 2.0]
    assert np.array_equal(clipped(features, np.inf), features)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: monomials([1.0], 0),
            ConfigError,
            "n_terms: expected a whole number from 1; got 0",
        ),
        (lambda: hermite([1.0], 2.5), ConfigError, "n_terms: expected a whole number from 1"),
        (lambda: hermite([np.nan], 2), DataError, "x: expected finite numbers; got nan"),
        (lambda: legendre([1.0], 2, half_width=0.0), ConfigError, "half_width: expected"),
        (lambda: clipped([1.0], 0.0), ConfigError, "bound: expected a number above 0"),
        (lambda: Standardiser.of([1.0]), DataError, r"features: expected the shape \(\.\.\., N, K"),
    ],
)
def test_wrong_input_is_named(call, error, match):
    with pytest.raises(error, match=match):
        call()
