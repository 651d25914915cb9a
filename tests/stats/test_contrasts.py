"""Contrasts of arms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.stats import DIFFERENCE, INTERACTION, contrast_values, main_effect


@given(seed=st.integers(0, 10), shift=st.floats(-3, 3))
def test_what_all_arms_of_a_seed_share_cancels(seed, shift):
    rng = np.random.default_rng(seed)
    arms, common = rng.normal(size=(4, 9)), rng.normal(size=9)
    assert np.allclose(
        contrast_values(arms + common + shift, INTERACTION), contrast_values(arms, INTERACTION)
    )


def test_additive_effects_do_not_interact():
    a, b = 0.3, -0.2
    arms = np.array([[a + b], [a], [b], [0.0]]) + np.arange(5.0)
    assert np.allclose(contrast_values(arms, INTERACTION), 0.0)
    arms[0] += 0.7
    assert np.allclose(contrast_values(arms, INTERACTION), 0.7)


def test_a_difference_is_a_difference():
    a, b = np.random.default_rng(0).normal(size=(2, 6))
    assert np.array_equal(contrast_values([a, b], DIFFERENCE), a - b)


def test_a_main_effect_averages_over_the_other_factor():
    grid = np.arange(6.0).reshape(2, 3, 1) + np.zeros(4)
    weights = main_effect(np.repeat([0, 1], 3), first=1, second=0)
    assert np.allclose(
        contrast_values(grid.reshape(6, 4), weights), grid[1].mean(0) - grid[0].mean(0)
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: contrast_values(np.ones((2, 3)), (1.0, 1.0)), "expected a sum of 0; got 2"),
        (lambda: contrast_values(np.ones((3, 3)), (1.0, -1.0)), "expected one per arm; got 2"),
        (lambda: main_effect([0, 0, 1], 1, 0), "got 1 and 2"),
        (lambda: main_effect([0, 1], 0, 0), "expected as many arms"),
        (lambda: main_effect([0, 1], 2, 3), "got 0 and 0"),
    ],
)
def test_a_bad_contrast_is_named(call, words):
    with pytest.raises(ConfigError, match=words):
        call()
