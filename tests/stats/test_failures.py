"""Counting failed runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from scipy import stats as oracle

from mlplab.errors import ConfigError, DataError
from mlplab.stats import clopper_pearson, count_failures, decide_share, fails_more_often
from mlplab.stats.mcnemar import mcnemar_interval, mcnemar_p

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
    assert fails_more_often(first, second, 0.1).decision.p == pytest.approx(min(1.0, expected))


@given(rows=masks, claims=st.integers(1, 4), expect=st.sampled_from(["higher", "lower", "same"]))
def test_the_other_way_round_is_the_other_verdict(rows, claims, expect):
    a, b = rows
    found = fails_more_often(a, b, 0.1, claims=claims, expect=expect)
    swap = {"higher": "lower", "lower": "higher", "same": "same"}
    other = fails_more_often(b, a, 0.1, claims=claims, expect=swap[expect]).decision
    one = found.decision
    assert (other.verdict, other.size, other.p) == (one.verdict, one.size, one.p)
    assert (other.low, other.high) == (-one.high, -one.low)
    assert found.a_only + found.b_only + found.both + found.neither == one.n_seeds == len(a)
    assert one.effect == pytest.approx(np.mean(a) - np.mean(b))
    assert -1 <= one.low <= one.effect <= one.high <= 1


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_the_interval_leaves_0_out_exactly_if_the_test_rejects(level):
    for n in (5, 8, 13):
        for a, b in _counts(n):
            low, high = mcnemar_interval(a, b, n, level)
            assert (low > 0 or high < 0) == (mcnemar_p(a, b) < 1 - level), (a, b, n)


@pytest.mark.parametrize(("a", "b", "n"), [(3, 1, 8), (6, 1, 16), (0, 3, 8), (2, 0, 9)])
def test_the_lower_bound_is_the_quantile_of_the_product(a, b, n):
    rng = np.random.default_rng(0)
    lean = 2 * rng.beta(a, b + 1, 400_000) - 1 if a else np.full(400_000, -1.0)
    few, many = (rng.beta(a + b + k, n - a - b + 1 - k, 400_000) for k in (0, 1))
    product = np.where(lean > 0, lean * few, lean * many)
    assert mcnemar_interval(a, b, n)[0] == pytest.approx(np.quantile(product, 0.025), abs=0.005)


@pytest.mark.parametrize("n", [5, 8, 12])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 3])
def test_it_covers_the_true_difference_and_false_verdicts_stay_below_alpha(n, alpha):
    """By counting out every outcome, over a grid of true rates."""
    cells = np.array(_counts(n))
    low, high = np.array([mcnemar_interval(a, b, n, 1 - alpha) for a, b in cells]).T
    rest = n - cells.sum(axis=1)
    coefficient = special.gammaln(n + 1) - special.gammaln([*cells.T + 1, rest + 1]).sum(axis=0)
    for share in np.linspace(0, 1, 21):
        for lean in np.linspace(0.5, 1, 11):
            rates = np.array([share * lean, share * (1 - lean), 1 - share])
            logs = special.xlogy([*cells.T, rest], rates[:, None]).sum(axis=0)
            chance = np.exp(coefficient + logs)
            difference = rates[0] - rates[1]
            missed = (low > difference + 1e-9) | (high < difference - 1e-9)
            assert chance.sum() == pytest.approx(1)
            assert chance[missed].sum() <= alpha


def _counts(n):
    return [(a, b) for a in range(n + 1) for b in range(n + 1 - a)]


def test_more_claims_ask_for_more():
    def word(a, b, **settings):
        return fails_more_often(a, b, 0.1, **settings).decision.verdict

    a, b = [True] * 6 + [False] * 2, [False] * 8
    assert word(a, b) == "supported"
    assert word(b, a) == "refuted"
    assert word(a, b, claims=2) == word(a, b, spend=0.5) == "undecided"
    assert word(a[:4], b[:4]) == "none"


def test_only_many_seeds_show_that_two_arms_fail_alike():
    few, many = [False] * 8, [False] * 64
    assert fails_more_often(few, few, 0.1).decision.verdict == "undecided"
    assert fails_more_often(many, many, 0.1).decision.verdict == "equivalent"
    assert fails_more_often(many, many, 0.1, expect="same").decision.verdict == "supported"


@given(
    cases=st.lists(st.booleans(), min_size=5, max_size=40),
    less=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    claims=st.integers(1, 20),
)
def test_a_share_has_its_exact_interval_and_p(cases, less, claims):
    found = decide_share(cases, 0.1, less=less, claims=claims)
    k, n = sum(cases), len(cases)
    ends = oracle.binomtest(k, n).proportion_ci(1 - 0.05 / claims, method="exact")
    assert np.allclose([found.low + less, found.high + less], [ends.low, ends.high])
    assert found.effect == pytest.approx(k / n - less)
    tails = oracle.binom.sf(k - 1, n, less), oracle.binom.cdf(k, n, less)
    assert found.p == pytest.approx(min(1.0, 2 * claims * min(tails)))
    assert (found.low > 0 or found.high < 0) == (found.p < 0.05)


def test_cases_that_all_agree_prove_no_share_of_1():
    always = decide_share([True] * 20, 0.05, less=1.0, expect="same")
    assert (always.verdict, always.high) == ("undecided", 0.0)
    assert always.low == pytest.approx(0.025 ** (1 / 20) - 1)
    assert decide_share([True] * 20, 0.1, less=0.5).verdict == "supported"
    assert decide_share([True] * 4, 0.1, less=0.5).verdict == "none"
    assert decide_share([False] * 100, 0.05, expect="same").verdict == "supported"


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
        (
            lambda: fails_more_often([True], [True, False], 0.1),
            DataError,
            "two rows of the same seeds",
        ),
    ],
)
def test_a_bad_call_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
