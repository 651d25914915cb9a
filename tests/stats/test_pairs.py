"""Arms told apart: the same intervals as everywhere, groups by brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.errors import ConfigError, DataError
from mlplab.stats import decide, mean_interval, tell_apart


def made(n_arms: int, n_seeds: int, seed: int, spread: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal(n_seeds)
    return (
        rng.normal(0, spread, (n_arms, 1)) + shared + 0.5 * rng.standard_normal((n_arms, n_seeds))
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(5, 12), st.integers(0, 999))
def test_each_pair_has_the_interval_of_a_claim_among_all_pairs(n_arms, n_seeds, seed):
    values = made(n_arms, n_seeds, seed)
    found = tell_apart(values)
    n_pairs = n_arms * (n_arms - 1) // 2
    assert found.n_pairs == n_pairs
    for i, j in combinations(range(n_arms), 2):
        one = mean_interval(values[i] - values[j], claims=n_pairs)
        assert found.apart[i, j] == found.apart[j, i] == (one.low > 0 or one.high < 0)
        # A difference that matters too small to be equivalent: told apart or undecided.
        verdict = decide(values[i] - values[j], 1e-12, claims=n_pairs).verdict
        assert (verdict in ("supported", "refuted")) == found.apart[i, j]


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(0, 999))
def test_groups_are_the_largest_sets_without_a_pair_told_apart(n_arms, seed):
    found = tell_apart(made(n_arms, 6, seed))
    sets = [
        set(some)
        for size in range(2, n_arms + 1)
        for some in combinations(range(n_arms), size)
        if not any(found.apart[i, j] for i, j in combinations(some, 2))
    ]
    largest = [one for one in sets if not any(one < other for other in sets)]
    assert sorted(map(sorted, largest)) == [list(group) for group in found.groups]


def test_the_order_of_arms_and_the_sign_do_not_matter():
    values = made(5, 8, seed=3)
    order = [4, 2, 0, 1, 3]
    plain, moved, turned = (tell_apart(v).apart for v in (values, values[order], -values))
    assert (moved == plain[np.ix_(order, order)]).all()
    assert (turned == plain).all()


def test_under_five_seeds_nothing_is_told_apart():
    values = np.array([[0.0, 0.1, 0.2, 0.3], [9.0, 9.2, 9.1, 9.4]])
    assert tell_apart(values).groups == ((0, 1),)
    assert tell_apart(np.hstack([values, [[0.4], [9.5]]])).groups == ()


def test_a_failed_arm_stands_outside_and_still_counts_among_the_pairs():
    values = made(4, 8, seed=5)
    lost = np.zeros(values.shape, bool)
    lost[2, 3] = True
    values[2, 3] = np.nan
    found = tell_apart(values, failed=lost)
    assert found.failed == (2,)
    assert found.n_pairs == 6
    assert not found.apart[2].any()
    assert all(2 not in group for group in found.groups)
    with pytest.raises(DataError, match="1 are not finite"):
        tell_apart(values)


def test_one_arm_is_nothing_to_compare():
    with pytest.raises(ConfigError, match="expected at least 2 arms; got 1"):
        tell_apart([[1.0, 2.0, 3.0]])


def test_equal_arms_are_told_apart_no_more_often_than_promised():
    rng = np.random.default_rng(0)
    wrong = sum(bool(tell_apart(rng.standard_normal((4, 8))).apart.any()) for _ in range(400))
    # 5 % of 400 is 20; a binomial exceeds 33 with probability 0.002.
    assert wrong <= 33
