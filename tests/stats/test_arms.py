"""Verdicts where runs failed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from mlplab.errors import ConfigError, DataError
from mlplab.stats import (
    INTERACTION,
    clopper_pearson,
    decide,
    decide_arms,
    mean_interval,
    median_interval,
    new_examples_interval,
)


def arms(seed=0, n=16, lead=0.0, spread=1.0, n_arms=2):
    values = spread * np.random.default_rng(seed).normal(size=(n_arms, n))
    values[0] += lead
    return values


def lost(shape, *runs):
    mask = np.zeros(shape, bool)
    for run in runs:
        mask[run] = True
    return mask


@given(n=st.integers(1, 70), a=st.floats(1e-4, 0.3))
def test_the_median_lies_between_its_bounds_often_enough_and_no_wider(n, a):
    low, high = median_interval(np.arange(1.0, n + 1), a)
    if low == -np.inf:
        assert 2 * oracle.binom.cdf(0, n, 0.5) > a
        return
    rank = int(low)
    assert high == n + 1 - rank
    assert 2 * oracle.binom.cdf(rank - 1, n, 0.5) <= a
    assert 2 * oracle.binom.cdf(rank, n, 0.5) > a


@given(seed=st.integers(0, 100), lead=st.sampled_from([0.0, 1.0, 3.0]))
def test_without_failures_it_is_the_plain_decision(seed, lead):
    values = arms(seed, lead=lead)
    result = decide_arms(values, 1.0, higher_is_better=True, claims=2)
    assert result.decision == decide(values[0] - values[1], 1.0, claims=2)
    assert result.median is None
    assert [count.failures for count in result.failures] == [0, 0]


def test_interactions_and_thresholds_are_arms_too():
    four = arms(n_arms=4)
    result = decide_arms(four, 1.0, higher_is_better=True, weights=INTERACTION)
    assert result.decision == decide(np.asarray(INTERACTION) @ four, 1.0)
    one = decide_arms(four[:1], 1.0, higher_is_better=True, weights=(1.0,), offset=5.0)
    assert one.decision == decide(four[0] - 5.0, 1.0)


@given(seed=st.integers(0, 100), order=st.permutations(range(16)), lead=st.sampled_from([0.0, 2.0]))
def test_the_order_of_seeds_does_not_matter(seed, order, lead):
    values, mask = arms(seed, lead=lead, spread=0.5), lost((2, 16), (0, 3), (1, 5), (1, 9))
    one = decide_arms(values, 1.0, higher_is_better=True, failed=mask)
    two = decide_arms(values[:, order], 1.0, higher_is_better=True, failed=mask[:, order])
    assert (one.decision.verdict, one.median) == (two.decision.verdict, two.median)
    assert one.decision.low == pytest.approx(two.decision.low)


def test_a_few_failures_do_not_hide_a_clear_difference():
    values = arms(lead=5.0, spread=0.1)
    result = decide_arms(values, 1.0, higher_is_better=True, failed=lost((2, 16), (0, 3), (1, 4)))
    assert (result.decision.verdict, result.decision.size) == ("supported", "at least d")
    assert result.decision.n_seeds == 14
    assert result.decision.note == "2 of 16 seeds have a failed run"
    assert [count.failures for count in result.failures] == [1, 1]


def test_the_size_is_known_only_if_both_analyses_know_it():
    rising = np.stack([np.r_[[1.2] * 3, [5.0] * 13], np.zeros(16)])
    result = decide_arms(rising, 2.0, higher_is_better=True, failed=lost((2, 16), (0, 0)))
    assert (result.complete.verdict, result.complete.size) == ("supported", "at least d")
    assert result.median[1] > 2.0
    assert result.decision.size == "at least d"
    more = decide_arms(rising, 2.0, higher_is_better=True, failed=lost((2, 16), (0, slice(12, 14))))
    assert more.complete.size == "at least d"
    assert 0 < more.median[1] < 2.0
    assert (more.decision.verdict, more.decision.size) == ("supported", "open")


def test_seeds_named_allow_for_those_that_fail():
    values, mask = arms(spread=3.0), lost((2, 16), (0, slice(0, 8)))
    result = decide_arms(values, 1.0, higher_is_better=True, failed=mask)
    assert result.complete.verdict == result.decision.verdict == "undecided"
    assert result.decision.seeds_needed == 2 * result.complete.seeds_needed


def test_an_arm_that_mostly_fails_is_not_better_on_what_is_left():
    values, mask = arms(lead=5.0, spread=0.1), lost((2, 16), (0, slice(0, 9)))
    result = decide_arms(values, 1.0, higher_is_better=True, failed=mask)
    assert result.complete.verdict == "supported"
    assert result.decision.verdict == "undecided"
    assert "two analyses must agree" in result.decision.reason
    never = decide_arms(values, 1.0, higher_is_better=True, failed=lost((2, 16), 0))
    assert never.decision.verdict == "undecided"
    assert never.median[0] == "refuted"


def test_the_worst_value_belongs_to_the_metric_not_to_the_claim():
    loss, mask = arms(lead=5.0, spread=0.1), lost((2, 16), (0, slice(0, 9)))
    raised = decide_arms(loss, 1.0, higher_is_better=False, failed=mask, expect="higher")
    assert raised.decision.verdict == "supported"
    assert raised.median[2] == np.inf
    wrong = decide_arms(loss, 1.0, higher_is_better=True, failed=mask, expect="higher")
    assert wrong.decision.verdict == "undecided"


def test_seeds_on_which_both_fail_are_counted_and_left_out():
    values, mask = arms(lead=5.0, spread=0.1), lost((2, 16), (slice(None), slice(0, 4)))
    result = decide_arms(values, 1.0, higher_is_better=True, failed=mask)
    assert result.median is None
    assert result.decision.verdict == "supported"
    assert result.decision.note == "4 seeds on which every arm failed are left out"
    one_sided = decide_arms(values, 1.0, higher_is_better=True, failed=mask | lost((2, 16), (1, 8)))
    assert one_sided.median[1] == 0.0 or one_sided.median[1] > 1.0


def test_double_failures_rank_as_no_difference():
    values = arms(lead=5.0, spread=0.1)
    mask = lost((2, 16), (slice(None), slice(0, 8)), (1, 8))
    result = decide_arms(values, 1.0, higher_is_better=True, failed=mask)
    assert result.median[1] == 0.0
    assert result.decision.verdict == "undecided"


def test_a_threshold_counts_failures_as_misses():
    values, mask = arms(n_arms=1) * 0.1, lost((1, 16), (0, slice(0, 9)))
    result = decide_arms(
        values, 1.0, higher_is_better=True, failed=mask, weights=(1.0,), offset=-5.0
    )
    assert result.complete.verdict == "supported"
    assert result.decision.verdict == "undecided"


def test_few_seeds_give_no_verdict_and_few_complete_ones_no_agreement():
    values = arms(n=4)
    assert decide_arms(values, 1.0, higher_is_better=True).decision.verdict == "none"
    mask = lost((2, 4), (0, 1))
    failed = decide_arms(values, 1.0, higher_is_better=True, failed=mask)
    assert failed.decision.verdict == "none"
    values, mask = arms(n=8), lost((2, 8), (0, slice(0, 5)))
    few = decide_arms(values, 1.0, higher_is_better=True, failed=mask)
    assert few.decision.verdict == "undecided"
    assert "3 seeds: a verdict needs at least 5" in few.decision.reason


def test_failures_do_not_make_verdicts_false():
    rng, false, n = np.random.default_rng(3), 0, 1500
    for _ in range(n):
        values, mask = 2.0 * rng.normal(size=(2, 16)), rng.random((2, 16)) < 0.1
        result = decide_arms(values, 1.0, higher_is_better=True, failed=mask)
        false += result.decision.verdict in ("supported", "refuted")
    assert clopper_pearson(false, n, level=0.98)[0] <= 0.05


def test_what_failed_may_hold_anything_and_a_gap_may_not():
    values, mask = arms(lead=5.0), lost((2, 16), (0, 2))
    holes = np.where(mask, np.nan, values)
    one, two = (decide_arms(v, 1.0, higher_is_better=True, failed=mask) for v in (values, holes))
    assert one == two
    with pytest.raises(DataError, match="1 are not finite and not marked as failed"):
        decide_arms(holes, 1.0, higher_is_better=True)
    with pytest.raises(ConfigError, match="expected one per arm \\(2\\); got 4"):
        decide_arms(values, 1.0, higher_is_better=True, weights=INTERACTION)


def answers(n=8, n_test=300, lead=0.03, seed=0):
    """Right and wrong answers of two arms, (2, n, n_test): examples differ in difficulty."""
    rng = np.random.default_rng(seed)
    chance = np.clip(rng.normal(0.8, 0.3, n_test), 0, 1)
    return (rng.random((2, n, n_test)) < chance - np.array([0.0, lead])[:, None, None]) * 1.0


@pytest.mark.parametrize("scope", ["this test set", "new examples"])
def test_the_scope_says_which_interval_decides(scope):
    right = answers()
    values, y = right.mean(axis=2), right[0] - right[1]
    result = decide_arms(values, 0.005, higher_is_better=True, examples=y, scope=scope, n_test=300)
    wide = new_examples_interval(y)
    seeds = mean_interval(values[0] - values[1], n_test=300)
    assert result.this_test_set == (seeds.low, seeds.high)
    assert result.new_examples == (wide.low, wide.high)
    decisive = wide if scope == "new examples" else seeds
    assert (result.decision.low, result.decision.high) == (decisive.low, decisive.high)
    assert result.decision.p == pytest.approx(float(decisive.p))


def test_a_threshold_on_new_examples_is_about_one_arm():
    right = answers()[0]
    values, offset = right.mean(axis=1)[None], 0.7
    result = decide_arms(
        values,
        0.005,
        higher_is_better=True,
        weights=(1.0,),
        offset=offset,
        examples=right - offset,
    )
    whole = new_examples_interval(right, ends=(0, 1))
    assert result.new_examples == pytest.approx((whole.low - offset, whole.high - offset))


def test_examples_of_failed_runs_are_left_out():
    right = answers()
    values, y, mask = right.mean(axis=2), right[0] - right[1], lost((2, 8), (0, 2), (1, 2))
    result = decide_arms(values, 0.005, higher_is_better=True, examples=y, failed=mask)
    rest = new_examples_interval(np.delete(y, 2, axis=0))
    assert result.new_examples == (rest.low, rest.high)


def test_new_examples_cannot_decide_what_no_example_tells():
    with pytest.raises(ConfigError, match="expected y of every example"):
        decide_arms(arms(), 1.0, higher_is_better=True, scope="new examples")


def test_where_examples_are_too_few_no_number_of_seeds_is_named():
    right = answers(n=64, n_test=200, lead=0.0)
    y = right[0] - right[1]
    result = decide_arms(
        right.mean(axis=2),
        0.001,
        higher_is_better=True,
        examples=y,
        scope="new examples",
    )
    assert result.decision.verdict == "undecided"
    assert result.decision.seeds_needed is None
    assert "more test examples may" in result.decision.reason
