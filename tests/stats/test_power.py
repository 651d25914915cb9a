"""The number of seeds named for an undecided claim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from mlplab.errors import ConfigError
from mlplab.stats import decide, seeds_needed


def decides(n, mean, std, n_seeds, matters, a):
    """DESIGN's formula, written with scipy's distributions."""
    upper = std * np.sqrt((n_seeds - 1) / oracle.chi2.ppf(0.2, n_seeds - 1))
    wanted = max(abs(mean), matters - abs(mean))
    return (oracle.t.ppf(1 - a / 2, n - 1) + 0.84) * upper / np.sqrt(n) <= wanted


@given(
    mean=st.floats(-2, 2),
    std=st.floats(0.1, 3),
    n_seeds=st.integers(5, 40),
    a=st.sampled_from([0.05, 0.05 / 12]),
)
def test_is_the_least_number_that_fits(mean, std, n_seeds, a):
    n = seeds_needed(mean, std, n_seeds, 1.0, a=a)
    assert n is not None
    assert decides(n, mean, std, n_seeds, 1.0, a)
    assert n == 5 or not decides(n - 1, mean, std, n_seeds, 1.0, a)


@given(
    y=st.lists(st.floats(-3, 3, width=32), min_size=5, max_size=20),
    expect=st.sampled_from(["higher", "lower", "same"]),
)
def test_an_undecided_claim_needs_more_seeds_than_it_has(y, expect):
    decision = decide(y, 1.0, expect=expect)
    if decision.verdict == "undecided":
        assert decision.seeds_needed is None or decision.seeds_needed > len(y)
    else:
        assert decision.seeds_needed is None


def test_promises_about_what_it_says():
    rng = np.random.default_rng(0)
    n = seeds_needed(0.7, 1.0, 1000, 1.0)
    words = [decide(rng.normal(0.7, 1.0, n), 1.0).verdict for _ in range(400)]
    assert 1 - words.count("undecided") / 400 > 0.7


def test_same_is_decided_by_the_margin_alone():
    near, far = seeds_needed(0.9, 1.0, 16, 1.0, same=True), seeds_needed(0.9, 1.0, 16, 1.0)
    assert near > far
    assert seeds_needed(1.0, 1.0, 16, 1.0, same=True) is None


def test_no_number_helps_where_the_variance_does_not_shrink():
    assert seeds_needed(0.1, 1.0, 5, 1.0, shared=0.25) is None
    assert seeds_needed(0.1, 0.1, 5, 1.0, extra_variance=1.0) is None
    assert seeds_needed(0.1, 0.1, 5, 1.0, shared=0.25) is not None


def test_a_spread_needs_two_seeds():
    with pytest.raises(ConfigError, match="at least 2 to judge"):
        seeds_needed(0.0, 1.0, 1, 1.0)
