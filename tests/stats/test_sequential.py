"""Looks before all seeds are in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.stats import (
    LOOKS,
    SPLIT,
    decide,
    decide_arms,
    look_number,
    walk_looks,
)


def noise(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


def decide_at_looks(y, expect="higher", claims=1, **plan):
    def evaluate(n, share):
        return decide(y[:n], 1.0, expect=expect, claims=claims, spend=share)

    return walk_looks(evaluate, len(y), **plan)


@given(
    seed=st.integers(0, 200),
    shift=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    n=st.integers(8, 64),
    expect=st.sampled_from(["higher", "lower", "same"]),
)
def test_every_look_is_the_plain_decision_at_its_level(seed, shift, n, expect):
    y = noise(64, seed) + shift
    looked = decide_at_looks(y[:n], expect=expect, claims=2)
    for k, decision in enumerate(looked.history):
        assert decision == decide(y[: LOOKS[k]], 1.0, expect=expect, claims=2, spend=SPLIT[k])
        settled = decision.size in ("below d", "at least d")
        assert settled == (looked.stopped and k == looked.look - 1) or (k == len(LOOKS) - 1)
    assert looked.decision == looked.history[-1]
    assert looked.stopped or LOOKS[looked.look] > n


@given(seed=st.integers(0, 200), shift=st.sampled_from([0.0, 1.0, 3.0]))
def test_seeds_after_the_stop_change_nothing(seed, shift):
    y = noise(64, seed) + shift
    looked = decide_at_looks(y)
    used = LOOKS[looked.look - 1]
    disturbed = np.where(np.arange(64) < used, y, 99.0)
    assert decide_at_looks(disturbed) == looked


def test_an_open_size_goes_on_and_a_known_one_stops():
    clear = decide_at_looks(noise(64) * 0.01 + 5.0)
    assert (clear.look, clear.decision.size) == (1, "at least d")
    doubtful = decide_at_looks(noise(64) * 0.1 + 1.0)
    assert (doubtful.look, doubtful.decision.size) == (4, "open")
    assert doubtful.stopped
    assert [decision.verdict for decision in doubtful.history] == ["supported"] * 4


def test_before_the_first_look_there_is_no_verdict():
    early = decide_at_looks(noise(7) * 0.01 + 5.0)
    assert (early.decision.verdict, early.look, early.stopped) == ("none", 0, False)
    assert early.decision.reason == "7 seeds: the first look is at 8"


def test_the_shares_spend_the_level_once():
    assert sum(SPLIT) == pytest.approx(1.0)
    levels = [decision.level for decision in decide_at_looks(noise(64) * 3 + 1.0).history]
    assert sum(1 - level for level in levels) == pytest.approx(0.05)


def test_runs_that_fail_are_looked_at_in_the_same_way():
    arms = np.stack([noise(32) * 0.1 + 5.0, noise(32, 1) * 0.1])
    lost = np.zeros(arms.shape, bool)
    lost[0, :2] = True

    def evaluate(n, share):
        return decide_arms(
            arms[:, :n], 1.0, higher_is_better=True, failed=lost[:, :n], spend=share
        ).decision

    looked = walk_looks(evaluate, 32)
    assert looked.history[0].verdict == "undecided"
    assert (looked.decision.verdict, looked.stopped) == ("supported", True)


@pytest.mark.parametrize(
    ("n", "earlier", "number"),
    [
        (8, [], None),
        (8, [8, 8], None),
        (16, [8], 2),
        (16, [8, 16, 32], 2),
        (32, [8, 16], 3),
    ],
)
def test_looks_nobody_declared_are_counted(n, earlier, number):
    assert look_number(n, earlier) == number


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"looks": (8, 8), "split": (0.5, 0.5)}, "rising numbers"),
        ({"looks": (2, 8), "split": (0.5, 0.5)}, "from 5 on"),
        ({"looks": (8, 16)}, "expected 2 shares"),
        ({"looks": (8, 16), "split": (0.5, 0.6)}, "sum to at most 1"),
        ({"looks": (8, 16), "split": (0.0, 0.6)}, "above 0"),
    ],
)
def test_a_bad_plan_is_named(plan, words):
    with pytest.raises(ConfigError, match=words):
        decide_at_looks(noise(16), **plan)
