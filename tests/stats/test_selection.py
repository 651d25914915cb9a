"""The optimism of a chosen arm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.stats import score_label, selection_optimism


def scores(seed, n_arms=5, n_seeds=7):
    return np.random.default_rng(seed).normal(size=(n_arms, n_seeds))


@given(seed=st.integers(0, 200), n_arms=st.integers(1, 6), n_seeds=st.integers(2, 9))
def test_equals_choosing_and_scoring_by_hand(seed, n_arms, n_seeds):
    values = scores(seed, n_arms, n_seeds)
    chosen = selection_optimism(values)
    scored = []
    for s in range(n_seeds):
        others = np.delete(values, s, axis=1)
        scored.append(values[np.argmax(others.mean(axis=1)), s])
    assert chosen.winner == np.argmax(values.mean(axis=1))
    assert chosen.honest_mean == pytest.approx(np.mean(scored))
    assert chosen.mean == pytest.approx(values.mean(axis=1).max())
    assert chosen.optimism == pytest.approx(chosen.mean - np.mean(scored))


@given(seed=st.integers(0, 200))
def test_choosing_never_makes_a_score_look_worse(seed):
    values = scores(seed)
    assert selection_optimism(values).optimism >= -1e-12
    down = selection_optimism(values, higher_is_better=False)
    up = selection_optimism(-values)
    assert down.optimism == pytest.approx(-up.optimism)
    assert (down.winner, down.chosen) == (up.winner, up.chosen)


def test_the_honest_mean_of_equal_arms_is_their_mean():
    chosen = [selection_optimism(scores(seed, 8, 8)) for seed in range(400)]
    honest, looks = (np.array([getattr(c, k) for c in chosen]) for k in ("honest_mean", "mean"))
    assert abs(honest.mean()) < 4 * honest.std() / 20
    assert looks.mean() > 10 * looks.std() / 20


def test_one_arm_or_a_clear_one_has_no_optimism():
    assert selection_optimism(scores(0, n_arms=1)).optimism == 0.0
    values = scores(0)
    values[3] += 100
    clear = selection_optimism(values)
    assert (clear.winner, clear.optimism, set(clear.chosen)) == (3, 0.0, {3})


def test_an_arm_that_failed_is_not_chosen():
    values = scores(0)
    values[3] += 100
    lost = np.zeros(values.shape, bool)
    lost[3, 0], values[3, 0] = True, np.nan
    chosen = selection_optimism(values, failed=lost)
    assert chosen.failed == (3,)
    assert chosen.winner != 3
    rest = selection_optimism(np.delete(values, 3, axis=0))
    assert chosen.optimism == rest.optimism


def test_seeds_that_chose_make_a_score_optimistic():
    assert score_label([1, 2], [3, 4]) == "fresh seeds"
    assert score_label([1, 2], [2, 3]) == "optimistic"


def test_choosing_without_a_seed_needs_two():
    with pytest.raises(ConfigError, match="at least 2 seeds"):
        selection_optimism([[1.0], [2.0]])
    with pytest.raises(ConfigError, match="0 such arms"):
        selection_optimism(scores(0), failed=np.ones((5, 7), bool))
