"""Counting failed runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from mlplab.errors import ConfigError, DataError
from mlplab.stats import clopper_pearson, count_failures, fails_more_often

masks = st.integers(5, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
    )
)


@given(n=st.integers(1, 60), data=st.data(), level=st.sampled_from([0.9, 0.95, 0.99]))
def test_the_interval_of_a_rate_is_scipys(n, data, level):
    x = data.draw(st.integers(0, n))
    expected = oracle.binomtest(x, n).proportion_ci(level, method="exact")
    assert np.allclose(clopper_pearson(x, n, level), [expected.low, expected.high])


def test_rates_go_row_by_row():
    low, high = clopper_pearson([0, 3, 8], [8, 8, 8])
    assert [low[1], high[1]] == [float(part) for part in clopper_pearson(3, 8)]
    assert (low[0], high[2]) == (0.0, 1.0)


@given(a=st.integers(0, 30), b=st.integers(0, 30), both=st.integers(5, 9))
def test_mcnemar_is_the_sign_test(a, b, both):
    expected = oracle.binomtest(a, a + b).pvalue if a + b else 1.0
    first = [True] * (a + both) + [False] * b
    second = [False] * a + [True] * (both + b)
    assert fails_more_often(first, second).p == pytest.approx(min(1.0, expected))


@given(rows=masks, claims=st.integers(1, 4))
def test_the_other_way_round_is_the_other_verdict(rows, claims):
    a, b = rows
    one, other = fails_more_often(a, b, claims=claims), fails_more_often(b, a, claims=claims)
    swap = {"supported": "refuted", "refuted": "supported", "undecided": "undecided"}
    assert other.verdict == swap[one.verdict]
    assert one.p == other.p
    assert one.a_only + one.b_only + one.both + one.neither == one.n_seeds == len(a)
    if one.verdict == "supported":
        assert one.a_only > one.b_only
        assert one.low > 0.5


def test_more_claims_ask_for_more():
    a, b = [True] * 6 + [False] * 2, [False] * 8
    assert fails_more_often(a, b).verdict == "supported"
    assert fails_more_often(a, b, claims=2).verdict == "undecided"
    assert fails_more_often(a[:4], b[:4]).verdict == "none"


def test_a_count_keeps_every_run():
    count = count_failures([True] * 3 + [False] * 9)
    assert (count.failures, count.n_runs, count.rate) == (3, 12, 0.25)
    assert count.low < count.rate < count.high


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: clopper_pearson(9, 8), ConfigError, "expected between 0 and 8; got 9"),
        (lambda: clopper_pearson(1, 8, 1.0), ConfigError, "level: expected"),
        (lambda: count_failures([]), DataError, "one entry per run"),
        (lambda: fails_more_often([True], [True, False]), DataError, "two rows of the same seeds"),
    ],
)
def test_a_bad_call_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
