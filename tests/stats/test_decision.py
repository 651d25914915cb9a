"""The table of verdicts, row by row and as relations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.stats import WORDS, classify, decide, decide_interval, mean_interval

bound = st.floats(-5, 5, width=32)
samples = st.lists(bound, min_size=5, max_size=20)


def words(low, high, expect="higher"):
    return WORDS[int(classify(low, high, 1.0, expect))]


@pytest.mark.parametrize(
    ("low", "high", "verdict", "size", "note"),
    [
        (-0.5, 0.5, "equivalent", "below d", ""),
        (0.2, 0.5, "equivalent", "below d", ""),
        (-0.5, -0.2, "equivalent", "below d", ""),
        (1.0, 2.0, "supported", "at least d", ""),
        (0.5, 2.0, "supported", "open", ""),
        (0.5, 1.0, "supported", "open", ""),
        (-2.0, -1.0, "refuted", "at least d", ""),
        (-2.0, -0.5, "refuted", "open", ""),
        (-1.0, -0.5, "refuted", "open", ""),
        (-2.0, 0.5, "undecided", "", "not better by d"),
        (-1.0, 0.0, "undecided", "", "not better by d"),
        (-0.5, 2.0, "undecided", "", "not worse by d"),
        (0.0, 1.0, "undecided", "", "not worse by d"),
        (-1.0, 1.0, "undecided", "", ""),
        (-np.inf, np.inf, "undecided", "", ""),
    ],
)
def test_higher_row_by_row(low, high, verdict, size, note):
    assert words(low, high) == (verdict, size, note)


@pytest.mark.parametrize(
    ("low", "high", "verdict", "size"),
    [
        (-0.9, 0.9, "supported", "below d"),
        (1.0, 2.0, "refuted", "at least d"),
        (-2.0, -1.0, "refuted", "at least d"),
        (0.5, 2.0, "undecided", ""),
        (-1.0, 0.5, "undecided", ""),
        (-2.0, 2.0, "undecided", ""),
    ],
)
def test_same_row_by_row(low, high, verdict, size):
    assert words(low, high, "same")[:2] == (verdict, size)


@given(a=bound, b=bound)
def test_lower_is_higher_seen_from_the_other_side(a, b):
    low, high = min(a, b), max(a, b)
    assert words(low, high, "lower") == words(-high, -low, "higher")


@given(a=bound, b=bound)
def test_a_claim_and_its_opposite_never_agree(a, b):
    low, high = min(a, b), max(a, b)
    opposite = {"supported": "refuted", "refuted": "supported"}
    verdict = words(low, high, "higher")[0]
    assert words(low, high, "lower")[0] == opposite.get(verdict, verdict)
    assert (verdict == "equivalent") == (words(low, high, "same")[0] == "supported")


@given(a=bound, b=bound, c=st.floats(0, 3), expect=st.sampled_from(["higher", "lower", "same"]))
def test_a_wider_interval_never_reverses_a_verdict(a, b, c, expect):
    low, high = min(a, b), max(a, b)
    narrow, wide = words(low, high, expect)[0], words(low - c, high + c, expect)[0]
    assert {narrow, wide} != {"supported", "refuted"}


@given(y=samples, expect=st.sampled_from(["higher", "lower", "same"]), power=st.integers(-8, 8))
def test_the_unit_does_not_matter(y, expect, power):
    unit = 2.0**power
    plain, scaled = (decide(np.array(y) * u, u, expect=expect) for u in (1.0, unit))
    assert (plain.verdict, plain.size, plain.note) == (scaled.verdict, scaled.size, scaled.note)
    assert plain.seeds_needed == scaled.seeds_needed


@given(y=samples)
def test_what_decides_is_what_is_shown(y):
    decision, interval = decide(y, 1.0, claims=3), mean_interval(y, claims=3)
    assert (decision.low, decision.high) == (float(interval.low), float(interval.high))
    assert decision == decide_interval(interval, 1.0)
    row = WORDS[int(classify(decision.low, decision.high, 1.0))]
    assert (decision.verdict, decision.size, decision.note) == row


@pytest.mark.parametrize("n", [1, 2, 4])
def test_under_five_seeds_there_is_an_interval_and_no_verdict(n):
    decision = decide(np.linspace(9.0, 9.1, n), 0.005)
    assert (decision.verdict, decision.size, decision.note) == ("none", "", "")
    assert decision.reason == f"{n} seeds: a verdict needs at least 5"
    assert decision.low < 9.05 < decision.high


def test_a_threshold_is_taken_off_first():
    accuracy = np.array([0.881, 0.883, 0.882, 0.884, 0.880])
    assert decide(accuracy - 0.85, 0.005).verdict == "supported"
    assert decide(accuracy - 0.95, 0.005).verdict == "refuted"
    assert decide(accuracy - 0.95, 0.005, expect="lower").verdict == "supported"


def test_one_line_says_it_all():
    line = str(decide([0.1, -0.9, 1.2, 0.4, -0.3], 0.5))
    for word in ("undecided", "5 seeds", "95 %", "would decide"):
        assert word in line


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: decide([1.0] * 5, 0.0), "matters: expected a finite number above 0; got 0.0"),
        (lambda: decide([1.0] * 5, np.nan), "matters: expected a finite number"),
        (lambda: decide([1.0] * 5, 1.0, expect="more"), "expect: expected higher, lower or same"),
        (lambda: decide([[1.0] * 5], 1.0), "expected one claim"),
        (lambda: decide([1.0] * 5, 1.0, claims=0), "claims: expected at least 1"),
    ],
)
def test_a_bad_call_is_named(call, words):
    with pytest.raises(ConfigError, match=words):
        call()
