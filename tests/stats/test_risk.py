"""Intervals of a mean loss on rows held out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from mlplab.errors import ConfigError
from mlplab.stats import risk_interval


def test_for_little_spread_it_is_the_t_interval_of_the_mean():
    losses = 5 + 0.01 * np.random.default_rng(0).random(200)
    wanted = ttest_1samp(losses, 0).confidence_interval(0.9)
    assert risk_interval(losses, level=0.9) == pytest.approx((wanted.low, wanted.high), rel=1e-6)


def test_it_covers_what_the_models_of_a_cross_validation_lose_on_new_rows():
    rng = np.random.default_rng(0)
    n, inside, widths = 200, 0, []
    for _ in range(300):
        X, weights = rng.standard_normal((n, 8)), rng.standard_normal(8)
        y = X @ weights + rng.standard_normal(n)
        new = rng.standard_normal((2000, 8))
        losses, truth = np.empty(n), []
        for train, held in KFold(5, shuffle=True, random_state=0).split(X):
            model = Ridge().fit(X[train], y[train])
            losses[held] = (y[held] - model.predict(X[held])) ** 2
            gaps = new @ weights - model.predict(new)
            truth.append((gaps**2).mean() + 1)
        low, high = risk_interval(losses)
        widths.append(high / low)
        inside += low <= np.mean(truth) <= high
    assert 0.91 <= inside / 300 <= 0.98
    assert np.median(widths) < 1.6


def test_rows_of_one_group_count_once():
    rng = np.random.default_rng(1)
    own = rng.random(30) + 0.5
    once, copies = risk_interval(own), np.repeat(own, 10)
    tens = risk_interval(copies, groups=np.repeat(np.arange(30), 10))
    assert tens == pytest.approx(once)
    assert risk_interval(copies)[0] > once[0]


def test_groups_of_one_row_are_rows():
    losses = np.random.default_rng(2).random(40)
    assert risk_interval(losses, groups=[f"g{i}" for i in range(40)]) == risk_interval(losses)


def test_hits_get_the_interval_of_wilson():
    # Wilson's formula for 9 of 10, by hand.
    z, n, p = 1.959963984540054, 10, 0.9
    centre, reach = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    wanted = ((centre - reach) / (1 + z * z / n), (centre + reach) / (1 + z * z / n))
    assert risk_interval([1.0] * 9 + [0.0]) == pytest.approx(wanted)
    assert risk_interval([1.0] * 10)[1] == 1.0
    assert 0.5 < risk_interval([1.0] * 10)[0] < 1.0


def test_hits_of_groups_stay_between_0_and_1():
    low, high = risk_interval([1.0] * 20 + [0.0], groups=np.arange(21) // 3)
    assert 0 < low < 20 / 21 < high <= 1


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30))
def test_it_holds_the_mean_and_scales(losses):
    low, high = risk_interval(losses)
    mean = float(np.mean(losses))
    assert 0 <= low <= mean * (1 + 1e-9)
    assert high >= mean * (1 - 1e-9)


def test_what_gives_no_interval_is_refused():
    for bad in ([], [-1.0, 2.0], [np.nan, 1.0], [[1.0]]):
        with pytest.raises(ConfigError, match="losses: expected"):
            risk_interval(bad)
    with pytest.raises(ConfigError, match="groups: expected one per loss, 2 or more; got 1"):
        risk_interval([1.0, 2.0], groups=["a", "a"])
