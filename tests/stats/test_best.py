"""The best of several arms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as oracle

from mlplab.errors import ConfigError, DataError
from mlplab.stats import best, best_arms, clopper_pearson, seeds_needed


def scores(seed, n_arms=4, n_seeds=8, gap=0.5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_arms, n_seeds)) + gap * rng.normal(size=(n_arms, 1))


@settings(max_examples=40)
@given(seed=st.integers(0, 300), n_arms=st.integers(2, 6), claims=st.integers(1, 3))
def test_the_sets_are_those_of_paired_one_sided_tests(seed, n_arms, claims):
    values = scores(seed, n_arms)
    sets = best_arms(values, 1.5, claims=claims)
    tail = 0.05 / claims / (2 * (n_arms - 1))
    pairs = [
        [oracle.ttest_rel(values[j], values[i], alternative="greater") for j in range(n_arms)]
        for i in range(n_arms)
    ]
    beaten = [
        any(t.pvalue < tail for j, t in enumerate(row) if j != i) for i, row in enumerate(pairs)
    ]
    short = [
        max(
            oracle.ttest_rel(values[j], values[i]).confidence_interval(1 - 2 * tail).high
            for j in range(n_arms)
            if j != i
        )
        for i in range(n_arms)
    ]
    assert sets.candidates == tuple(i for i in range(n_arms) if not beaten[i])
    assert sets.near_best == tuple(i for i in range(n_arms) if short[i] < 1.5)
    assert np.allclose(sets.low, [-value for value in short])


@given(seed=st.integers(0, 100), order=st.permutations(range(4)))
def test_permuting_arms_permutes_the_sets(seed, order):
    values = scores(seed)
    plain, moved = best_arms(values, 1.5), best_arms(values[list(order)], 1.5)
    assert sorted(order[i] for i in moved.candidates) == list(plain.candidates)
    assert sorted(order[i] for i in moved.near_best) == list(plain.near_best)
    for place, arm in enumerate(order):
        assert moved.decide(place) == plain.decide(arm)


@given(seed=st.integers(0, 100))
def test_an_error_rate_is_an_accuracy_upside_down(seed):
    values = scores(seed)
    down = best_arms(-values, 1.5, higher_is_better=False)
    up = best_arms(values, 1.5)
    assert (down.candidates, down.near_best) == (up.candidates, up.near_best)
    assert [down.decide(i) for i in range(4)] == [up.decide(i) for i in range(4)]


@given(seed=st.integers(0, 300), gap=st.sampled_from([0.0, 1.0, 5.0]))
def test_verdicts_fit_the_sets(seed, gap):
    sets = best_arms(scores(seed, gap=gap), 1.5)
    verdicts = [sets.decide(i).verdict for i in range(4)]
    assert int(np.nanargmax(sets.means)) in sets.candidates
    assert verdicts.count("supported") == (len(sets.candidates) == 1)
    for arm, verdict in enumerate(verdicts):
        only, near = sets.candidates == (arm,), arm in sets.near_best
        expected = (
            "supported"
            if only
            else "equivalent"
            if near
            else "undecided"
            if arm in sets.candidates
            else "refuted"
        )
        assert verdict == expected
        decision = sets.decide(arm)
        assert decision.low <= decision.effect <= decision.high
        assert decision.seeds_needed is None or verdict == "undecided"


def test_equal_arms_are_all_best_and_all_near():
    values = np.tile(np.random.default_rng(0).normal(size=8), (3, 1))
    sets = best_arms(values, 0.1)
    assert sets.candidates == sets.near_best == (0, 1, 2)
    assert [sets.decide(i).verdict for i in range(3)] == ["equivalent"] * 3


@pytest.mark.parametrize("lead", [0.0, -1.0, 1.0])
def test_a_verdict_on_the_best_is_rarely_false(lead):
    rng, false, n = np.random.default_rng(5), 0, 1500
    for _ in range(n):
        values = 1.5 * rng.normal(size=(4, 8))
        values[0] += lead
        verdict = best_arms(values, 1.0).decide(0).verdict
        false += (
            verdict
            in {
                0.0: ("supported", "refuted"),
                -1.0: ("supported", "equivalent"),
                1.0: ("refuted",),
            }[lead]
        )
    assert clopper_pearson(false, n, level=0.98)[0] <= 0.05


def test_seeds_named_are_those_of_the_rival_that_needs_most():
    noise = np.random.default_rng(0).normal(size=(3, 8))
    values = noise - noise.mean(axis=1, keepdims=True) + np.array([[0.0], [0.1], [0.3]])
    sets = best_arms(values, 1.0)
    assert sets.candidates == (0, 1, 2)
    needs = [
        seeds_needed(d.mean(), d.std(ddof=1), 8, 1.0, a=0.05 / 2)
        for d in (values[0] - values[1], values[0] - values[2])
    ]
    assert sets.decide(0).verdict == "undecided"
    assert sets.decide(0).seeds_needed == max(needs)


def test_the_best_arm_is_found_when_it_is_clear():
    values = 0.1 * np.random.default_rng(0).normal(size=(3, 8)) + np.array([[0.0], [2.0], [1.0]])
    sets = best_arms(values, 0.5)
    assert [sets.decide(i).verdict for i in range(3)] == ["refuted", "supported", "refuted"]
    assert [sets.decide(i).size for i in range(3)] == ["at least d"] * 3


def test_arms_that_failed_stand_outside():
    values = scores(1, n_arms=3, gap=0.1)
    values[2] += 100
    lost = np.zeros(values.shape, bool)
    lost[2, 3], values[2, 3] = True, np.nan
    sets = best_arms(values, 1.0, failed=lost)
    assert sets.failed == (2,)
    assert 2 not in sets.candidates + sets.near_best
    assert sets.decide(2).verdict == "undecided"
    assert sets.decide(2).reason == "failed on 1 of 8 seeds: not in the set"
    assert sets.decide(0).note == "best among the arms that never failed"
    alone = best_arms(values, 1.0, failed=lost | np.array([[False], [True], [False]]))
    assert alone.decide(0).verdict == "undecided"
    assert "nothing to compare" in alone.decide(0).reason
    nobody = best_arms(values, 1.0, failed=np.ones_like(lost))
    assert nobody.candidates == ()


def test_few_seeds_give_sets_and_no_verdict():
    for n in (1, 4):
        sets = best_arms(scores(0, n_seeds=n), 1.0)
        assert sets.candidates
        assert sets.decide(0).verdict == "none"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: best_arms([[1.0, 2.0]], 1.0), ConfigError, "at least 2 arms"),
        (lambda: best_arms(scores(0), -1.0), ConfigError, "matters: expected"),
        (lambda: best_arms(scores(0), 1.0).decide(7), ConfigError, "arm: expected 0 to 3; got 7"),
        (lambda: best_arms([1.0, 2.0], 1.0), DataError, "expected \\(arms, seeds\\)"),
        (lambda: best_arms([[1.0, np.nan]] * 2, 1.0), DataError, "2 are not finite"),
        (lambda: best_arms(scores(0), 1.0, failed=[True]), DataError, "failed: expected shape"),
    ],
)
def test_a_bad_call_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_how_many_seeds_an_arm_needs_is_worked_out_for_that_arm_alone(monkeypatch):
    asked = []

    def count(*args, **settings):
        asked.append(args)
        return seeds_needed(*args, **settings)

    monkeypatch.setattr(best, "seeds_needed", count)
    sets = best.best_arms(np.random.default_rng(0).normal(size=(40, 8)), matters=0.01)
    assert asked == []
    verdict = sets.decide(0)
    assert (verdict.verdict, verdict.seeds_needed is None) == ("undecided", False)
    assert len(asked) == len(sets.candidates) - (0 in sets.candidates)
