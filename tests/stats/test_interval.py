"""The interval against scipy's own, and its limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats as oracle

from mlplab.errors import ConfigError, DataError
from mlplab.stats import grid_floor, mean_interval

numbers = hnp.arrays(
    np.float64, st.integers(2, 40), elements=st.floats(-100, 100, width=32), unique=True
)


@given(y=numbers, claims=st.integers(1, 50), spend=st.sampled_from([0.1, 0.4, 1.0]))
def test_equals_the_textbook_interval_and_test(y, claims, spend):
    interval = mean_interval(y, claims=claims, spend=spend)
    level = 1 - 0.05 * spend / claims
    expected = oracle.t.interval(level, len(y) - 1, loc=y.mean(), scale=oracle.sem(y))
    assert np.allclose([interval.low, interval.high], expected, rtol=1e-6, atol=1e-9)
    p = min(1.0, oracle.ttest_1samp(y, 0.0).pvalue * claims / spend)
    assert interval.p == pytest.approx(p, rel=1e-6)
    assert interval.level == pytest.approx(level)


@given(y=numbers, claims=st.integers(1, 20))
def test_zero_is_outside_exactly_when_p_is_small(y, claims):
    interval = mean_interval(y, claims=claims)
    outside = bool(interval.low > 0 or interval.high < 0)
    if abs(float(interval.p) - 0.05) > 1e-9:
        assert outside == (interval.p < 0.05)


@given(y=numbers, scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_moves_and_stretches_with_the_data(y, scale, shift):
    plain, moved = mean_interval(y), mean_interval(scale * y + shift)
    for bound in ("low", "high", "mean"):
        expected = scale * float(getattr(plain, bound)) + shift
        assert float(getattr(moved, bound)) == pytest.approx(expected, rel=1e-6, abs=1e-5)


def test_rows_are_decided_as_if_alone():
    rows = np.random.default_rng(0).normal(size=(7, 12))
    together = mean_interval(rows, claims=7)
    for row, y in enumerate(rows):
        alone, picked = mean_interval(y, claims=7), together[row]
        for name in ("mean", "std", "se", "low", "high", "p"):
            assert float(getattr(alone, name)) == float(getattr(picked, name))


def test_more_claims_give_a_wider_interval():
    y = np.random.default_rng(1).normal(size=10)
    widths = [
        float(np.ptp([i.low, i.high])) for i in (mean_interval(y, claims=m) for m in (1, 2, 9))
    ]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_accuracies_cannot_be_surer_than_their_grid():
    same = [0.9] * 8
    assert mean_interval(same).std == pytest.approx(0, abs=1e-15)
    on_grid = mean_interval(same, n_test=1000)
    assert float(on_grid.std) == grid_floor(1000) == 1 / (1000 * np.sqrt(12))
    assert on_grid.low < 0.9 < on_grid.high
    spread = [0.8, 0.9, 0.7, 0.9, 0.8]
    assert mean_interval(spread, n_test=1000).low == mean_interval(spread).low


def test_identical_arms_are_no_evidence_of_anything():
    interval = mean_interval(np.zeros(8))
    assert (float(interval.low), float(interval.high), float(interval.p)) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("n", [0, 1])
def test_without_two_seeds_nothing_is_known(n):
    interval = mean_interval([0.3] * n)
    assert (interval.low, interval.high, interval.p) == (-np.inf, np.inf, 1.0)


def test_covers_as_often_as_it_says():
    y = np.random.default_rng(2).normal(3.0, 2.0, size=(20_000, 8))
    interval = mean_interval(y)
    covered = np.mean((interval.low <= 3.0) & (interval.high >= 3.0))
    assert abs(covered - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 20_000)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"claims": 0}, "claims: expected at least 1; got 0"),
        ({"alpha": 1.0}, "alpha: expected a number between 0 and 1"),
        ({"spend": 0.0}, "spend: expected a share"),
        ({"n_test": 0}, "n_test: expected at least 1"),
    ],
)
def test_a_bad_setting_is_named(settings, words):
    with pytest.raises(ConfigError, match=words):
        mean_interval([1.0, 2.0], **settings)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gap_is_refused_not_dropped(bad):
    with pytest.raises(DataError, match="1 of 3 are not"):
        mean_interval([1.0, bad, 2.0])
    with pytest.raises(DataError, match="single number"):
        mean_interval(1.0)
