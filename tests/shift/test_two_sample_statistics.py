"""Two-sample statistics of many labellings at once, against plain formulas and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import anderson_ksamp, chi2, ks_2samp

from mlplab.shift.detection import mmd
from mlplab.shift.detection.anderson_darling import (
    anderson_darling_p,
    tied_anderson_darling_p,
    weighted_chi_squared_p,
)
from mlplab.shift.detection.columns import anderson_darling, column_shifts, kolmogorov_smirnov
from mlplab.shift.detection.combination import combined_p, together
from mlplab.shift.detection.mmd import energy_statistics, mmd_statistics
from mlplab.shift.detection.permutations import labellings, permutation_p, permutation_ps
from mlplab.shift.detection.whitened import whitened_statistics
from mlplab.shift.encoding import encode


def samples(seed, n=30, m=40, d=3, shift=0.0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n + m, d))
    rows[n:] += shift
    return rows.astype(np.float32)


def plain_mmd(kernel, is_second):
    first, second = ~is_second, is_second
    within = []
    for side in (first, second):
        block = kernel[np.ix_(side, side)]
        n = side.sum()
        within.append((block.sum() - np.trace(block)) / (n * (n - 1)))
    return sum(within) - 2 * kernel[np.ix_(first, second)].mean()


def test_the_first_labelling_is_the_observed_one_and_all_have_its_sizes():
    labels = labellings(30, 70, 50, seed=3)
    np.testing.assert_array_equal(labels[0], np.arange(70) >= 30)
    assert (labels.sum(axis=1) == 40).all()
    assert len(np.unique(labels, axis=0)) == 51
    np.testing.assert_array_equal(labels[:11], labellings(30, 70, 10, seed=3))
    assert (labels[1:] != labellings(30, 70, 50, seed=4)[1:]).any()


def test_energy_distance_is_its_plain_formula_for_every_labelling():
    rows, labels = samples(0), labellings(30, 70, 5, seed=0)
    kernel = -cdist(rows, rows)
    expected = [plain_mmd(kernel, one) for one in labels]
    np.testing.assert_allclose(energy_statistics(rows, labels), expected, atol=2e-6)


def test_the_aggregated_mmd_is_the_plain_formula_over_its_kernels():
    rows, labels = samples(1, shift=0.5), labellings(30, 70, 5, seed=0)
    distances = cdist(rows, rows)
    squares = np.square(distances).astype(np.float32)
    n = 30
    terms = []
    for kernel in mmd.gaussian_and_exponential(rows):
        values = kernel(squares.copy()).astype(np.float64)
        off = values - np.diag(np.diag(values))
        scale = np.sqrt(np.square(off).sum() / (70 * 69))
        terms.append([plain_mmd(values, one) / scale for one in labels])
    weight = np.sqrt(n * (n - 1))
    expected = np.log(np.exp(weight * np.array(terms)).mean(axis=0)) / weight
    np.testing.assert_allclose(mmd_statistics(rows, labels), expected, atol=1e-5)
    assert len(terms) == 2 * mmd.N_BANDWIDTHS


def test_blocks_see_each_row_once_and_keep_the_mean(monkeypatch):
    rows, labels = samples(2, 60, 60), labellings(60, 120, 3, seed=0)
    whole = energy_statistics(rows, labels)
    monkeypatch.setattr(mmd, "_BLOCK", 60)
    blocks = np.array_split(mmd._shuffled(rows), 2)
    np.testing.assert_array_equal(np.sort(np.concatenate(blocks)), np.arange(120))
    halves = [energy_statistics(rows[own], labels[:, own]) for own in blocks]
    np.testing.assert_allclose(energy_statistics(rows, labels), np.mean(halves, axis=0), atol=1e-6)
    assert np.corrcoef(whole, energy_statistics(rows, labels))[0, 1] > 0
    # Not as many of each sample in each block: permuted labels do not have that either.
    counts = {int(labels[0, mmd._shuffled(samples(i, 60, 60))[:60]].sum()) for i in range(9)}
    assert len(counts) > 2
    # Few rows of a block at a time change nothing.
    monkeypatch.setattr(mmd, "_PORTION_BYTES", 4 * 60 * 7)
    np.testing.assert_allclose(energy_statistics(rows, labels), np.mean(halves, axis=0), atol=1e-6)


def test_equal_rows_have_no_distance():
    rows = np.zeros((40, 2), np.float32)
    labels = labellings(20, 40, 19, seed=0)
    assert permutation_p(mmd_statistics(rows, labels)) == 1
    assert permutation_p(energy_statistics(rows, labels)) == 1


@pytest.mark.filterwarnings("ignore:p-value")
@pytest.mark.parametrize("decimals", [6, 1])
def test_columns_statistics_are_those_of_scipy(decimals):
    rows = samples(3, shift=0.3).round(decimals)
    labels = labellings(30, 70, 2, seed=0)
    ks, ad = kolmogorov_smirnov(rows, labels), anderson_darling(rows, labels)
    halves = [(rows[:30, place], rows[30:, place]) for place in range(3)]
    sizes = [ks_2samp(*half).statistic * np.sqrt(30 * 40 / 70) for half in halves]
    np.testing.assert_allclose(ks[:, 0], sizes, rtol=1e-6)
    # scipy's is (A^2 - 1) / sigma, sigma a number of the sample sizes alone.
    theirs = np.array([anderson_ksamp(half, variant="right").statistic for half in halves])
    np.testing.assert_allclose(theirs / (ad[:, 0] - 1), theirs[0] / (ad[0, 0] - 1), rtol=1e-5)


def test_the_limit_of_anderson_and_darling_is_that_of_its_sum_of_squares():
    rng = np.random.default_rng(0)
    places = np.arange(1, 201)
    weights = 1 / (places * (places + 1.0))
    drawn = np.square(rng.standard_normal((40_000, 200))) @ weights + 1 / 201
    for value in (0.3, 0.8, 1.5, 2.5, 4.0):
        share = (drawn > value).mean()
        assert anderson_darling_p(value)[0] == pytest.approx(share, abs=4 * np.sqrt(0.25 / 40_000))


def test_its_two_forms_meet_and_it_falls():
    values = np.linspace(0.05, 30, 400)
    found = anderson_darling_p(values)
    assert (np.diff(found) <= 0).all()
    assert found[0] == pytest.approx(1, abs=1e-6)
    # Far out the largest term of the sum decides alone.
    far = np.sqrt(3 / (np.pi * values)) * np.exp(-values)
    np.testing.assert_allclose(found[values > 8], far[values > 8], rtol=0.03)


@pytest.mark.parametrize(
    "weights", [[0.6, 0.2, 0.1], [1.0, 1.0, 1.0, 1.0], [0.9, 0.01, 0.01], np.geomspace(1, 0.01, 40)]
)
def test_a_weighted_sum_of_squares_falls_as_drawn_ones_do(weights):
    weights = np.asarray(weights)
    drawn = np.square(np.random.default_rng(0).standard_normal((200_000, len(weights)))) @ weights
    for level in (0.5, 0.1, 0.05, 0.01, 0.001):
        value = np.quantile(drawn, 1 - level)
        assert weighted_chi_squared_p(value, weights) == pytest.approx(level, rel=0.12, abs=1e-4)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_of_equal_weights_it_is_chi_squared(n):
    for value in (0.01, 0.3, n, n * (1 + 1e-9), 3 * n, 40.0):
        found = weighted_chi_squared_p(0.4 * value, np.full(n, 0.4))
        assert found == pytest.approx(chi2.sf(value, n), rel=0.05)


TIED = {
    "nine of ten are zero": lambda rng, n: np.where(
        rng.random(n) < 0.9, 0, rng.exponential(size=n)
    ),
    "nearly all are zero": lambda rng, n: (rng.random(n) < 0.03).astype(float),
    "nearly all are one": lambda rng, n: (rng.random(n) < 0.97).astype(float),
    "grades": lambda rng, n: rng.choice(5, n, p=[0.05, 0.1, 0.2, 0.3, 0.35]).astype(float),
    "cut off": lambda rng, n: np.minimum(rng.normal(size=n), 0.5),
}


@pytest.mark.parametrize("kind", TIED)
def test_ties_make_no_false_alarms(kind):
    rng, p_values = np.random.default_rng(0), []
    for _ in range(500):
        first, second = (TIED[kind](rng, 400)[:, None] for _ in range(2))
        (shift,) = column_shifts(encode(first, second))
        p_values.append(shift.tests["Anderson-Darling"])
    # Four standard errors of a share of 500. Without regard to ties the first kind has 0.12.
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.039)
    assert np.mean(np.array(p_values) <= 0.01) <= 0.0278


def test_without_ties_both_laws_agree():
    values = np.array([0.4, 1.0, 2.0, 4.0, 8.0])
    one = [tied_anderson_darling_p(value, np.ones(5000, int)) for value in values]
    np.testing.assert_allclose(one, anderson_darling_p(values), rtol=0.06)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=40))
def test_p_values_count_what_is_at_least_as_large(values):
    statistics = np.array(values, float)
    expected = [(statistics >= one).mean() for one in statistics]
    np.testing.assert_allclose(permutation_ps(statistics), expected)
    assert permutation_p(statistics) == pytest.approx(expected[0])


@given(st.integers(0, 10_000))
def test_combined_p_values_are_exact_over_all_labellings(seed):
    # Whichever labelling is the observed one: no more than a share a has a p-value of a at most.
    rng = np.random.default_rng(seed)
    tests = {str(k): rng.normal(size=40).round(rng.integers(0, 3)) for k in range(3)}
    ps = [combined_p({k: np.roll(v, -i) for k, v in tests.items()}) for i in range(40)]
    for level in (0.05, 0.1, 0.5):
        assert np.mean(np.array(ps) <= level) <= level + 1e-9


def test_combining_one_test_changes_nothing():
    values = np.random.default_rng(0).normal(size=50)
    assert combined_p({"only": values}) == permutation_p(values)


def test_the_weighted_combination_is_exact_over_all_labellings_too():
    rng = np.random.default_rng(0)
    for _ in range(50):
        tests = {k: rng.normal(size=40) for k in ("columns", "mmd", "whitened", "classifier")}
        ps = [together({k: np.roll(v, -i) for k, v in tests.items()}) for i in range(40)]
        assert np.mean(np.array(ps) <= 0.05) <= 0.05 + 1e-9


def test_what_does_not_vote_changes_nothing():
    rng = np.random.default_rng(1)
    tests = {k: rng.normal(size=40) for k in ("columns", "mmd", "whitened")}
    assert together(tests | {"classifier": np.arange(40.0)}) == together(tests)


def test_whitened_statistics_treat_every_labelling_alike():
    rows, labels = samples(4, shift=0.5), labellings(30, 70, 9, seed=0)
    found = whitened_statistics(rows, labels, seed=3)
    order = np.random.default_rng(0).permutation(10)
    np.testing.assert_allclose(whitened_statistics(rows, labels[order], seed=3), found[order])


def test_whitened_features_see_what_varies_little():
    # Two columns that nearly are one; of their small difference the variance grows.
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 1)) + np.array([[0.5, -0.5]]) * rng.normal(size=(400, 1)) * 0.3
    rows[200:] += np.array([[0.5, -0.5]]) * 0.6 * rng.normal(size=(200, 1))
    labels = labellings(200, 400, 99, seed=0)
    assert permutation_p(whitened_statistics(rows.astype(np.float32), labels, 0)) == 0.01


def test_equal_rows_are_alike_in_whitened_features():
    labels = labellings(20, 40, 19, seed=0)
    assert permutation_p(whitened_statistics(np.zeros((40, 2), np.float32), labels, 0)) == 1
