"""Main effects of screening designs: against least squares, and their intervals' coverage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mlplab.errors import ConfigError, DataError
from mlplab.stats import screen, two_level_fraction

SIXTEEN = two_level_fraction(4, [(1, 2, 3), (0, 2, 3), (0, 1, 2), (0, 1, 3)])


def test_eight_factors_in_sixteen_runs_are_orthogonal_and_clear_of_every_interaction_of_two():
    assert SIXTEEN.shape == (16, 8)
    np.testing.assert_array_equal(SIXTEEN.T @ SIXTEEN, 16 * np.eye(8))
    for i, j in itertools.combinations(range(8), 2):
        assert not (SIXTEEN.T @ (SIXTEEN[:, i] * SIXTEEN[:, j])).any()


def test_effects_and_their_intervals_are_those_of_least_squares():
    y = np.random.default_rng(0).normal(size=16)
    found = screen(y, SIXTEEN)
    design = np.column_stack([np.ones(16), SIXTEEN])
    coefficients, (rss,), *_ = np.linalg.lstsq(design, y, rcond=None)
    assert found.effect == pytest.approx(2 * coefficients[1:])
    assert found.df == 7
    assert found.std == pytest.approx(np.sqrt(rss / 7))
    error = 2 * np.sqrt(rss / 7 * np.linalg.inv(design.T @ design)[1, 1])
    half = scipy_stats.t.ppf(1 - 0.05 / 16, 7) * error
    assert found.high - found.effect == pytest.approx(half)
    assert found.effect - found.low == pytest.approx(half)
    assert found.level == pytest.approx(1 - 0.05 / 8)


def test_an_interaction_of_two_changes_no_main_effect_but_the_noise():
    effects = np.array([3.0, 0, -2, 0, 1, 0, 0, 0])
    y = SIXTEEN @ (effects / 2) + 0.5 * SIXTEEN[:, 0] * SIXTEEN[:, 2]
    found = screen(y, SIXTEEN)
    assert found.effect == pytest.approx(effects)
    assert found.std == pytest.approx(np.sqrt(16 * 0.25 / 7))


def test_all_intervals_hold_together_as_often_as_they_say():
    rng = np.random.default_rng(1)
    effects = rng.normal(size=8)
    missed = 0
    for _ in range(2000):
        found = screen(SIXTEEN @ (effects / 2) + rng.normal(size=16), SIXTEEN)
        missed += bool(((found.low > effects) | (found.high < effects)).any())
    # Five per cent at most; three standard deviations of the count above it.
    assert missed <= 2000 * 0.05 + 3 * np.sqrt(2000 * 0.05 * 0.95)


@pytest.mark.parametrize(
    ("values", "levels", "says"),
    [
        ([1.0, 2], [[1], [1]], "expected orthogonal columns"),
        ([1.0, 2, 3], [[1], [-1], [1]], "expected orthogonal columns"),
        ([1.0] * 4, [[1, 1], [1, 1], [-1, -1], [-1, -1]], "expected orthogonal columns"),
        ([1.0] * 4, two_level_fraction(2, [(0, 1)]), "expected more runs than factors by 2"),
    ],
)
def test_what_is_no_design_is_refused(values, levels, says):
    with pytest.raises(ConfigError, match=says):
        screen(values, levels)


def test_a_run_that_failed_is_refused():
    with pytest.raises(DataError, match="expected finite numbers"):
        screen([1.0, np.nan, 2, 3], two_level_fraction(2))


@pytest.mark.parametrize(
    ("products", "says"), [([(0, 4)], "places 0 to 3"), ([(0,)], "expected a new column")]
)
def test_products_that_give_nothing_new_are_refused(products, says):
    with pytest.raises(ConfigError, match=says):
        two_level_fraction(4, products)
