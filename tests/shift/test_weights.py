"""From ratios to weights, and the risk that weights estimate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.errors import ConfigError, DataError
from mlplab.shift import effective_rows, weighted_risk
from mlplab.shift.correction.weights import tame

ratios_of_any_kind = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(
    lambda values: sum(values) > 0
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(values=ratios_of_any_kind, scale=st.floats(1e-6, 1e6))
def test_effective_rows_lie_between_1_and_n_whatever_the_unit(
    values: list[float], scale: float
) -> None:
    weights = np.array(values)
    assert 1 - 1e-9 <= effective_rows(weights) <= len(weights) + 1e-9
    assert effective_rows(scale * weights) == pytest.approx(effective_rows(weights))


def test_effective_rows_of_gaussian_ratios_are_known() -> None:
    # E[w]^2 / E[w^2] = exp(-delta^2) for unit Gaussians at distance delta
    x = np.random.default_rng(0).normal(size=1_000_000)
    share = effective_rows(np.exp(0.8 * x - 0.32)) / len(x)
    assert share == pytest.approx(np.exp(-0.64), rel=0.01)


def test_exponent_0_makes_all_equal_and_1_changes_nothing() -> None:
    ratios = np.array([0.5, 1.0, 3.0])
    assert tame(ratios, clip=10, flatten=0, normalise=True)[0].tolist() == [1, 1, 1]
    assert tame(ratios, clip=10, flatten=1, normalise=False)[0].tolist() == [0.5, 1, 3]
    assert tame(ratios, clip=10, flatten=1, normalise=True)[0].mean() == pytest.approx(1)


def test_clipping_says_what_it_clipped() -> None:
    values, edge, clipped = tame(np.array([1.0, 2, 8, 9]), clip=4, flatten=1, normalise=False)
    assert (values.tolist(), edge, clipped) == ([1, 2, 4, 4], 4, 0.5)
    ratios = np.full(100, 0.5)
    ratios[0] = 100
    values, edge, clipped = tame(ratios, clip=None, flatten=1, normalise=False)
    assert edge == pytest.approx(10 * ratios.mean())
    assert clipped == 0.01


def test_the_weighted_risk_is_the_mean_of_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    losses, times = rng.normal(size=50), rng.integers(0, 4, 50)
    assert weighted_risk(losses, times)[0] == pytest.approx(np.repeat(losses, times).mean())


def test_its_interval_covers_with_known_ratios() -> None:
    covered = 0
    for seed in range(400):
        x = np.random.default_rng(seed).normal(size=500)
        _, low, high = weighted_risk(x, np.exp(0.5 * x - 0.125))
        covered += low <= 0.5 <= high
    # 3 standard errors below 95 %, and a little for the bias of a ratio
    assert 0.91 <= covered / 400 <= 0.98


@pytest.mark.parametrize(
    ("losses", "weights", "says"),
    [
        ([1.0, 2.0], [1.0], "expected one per row"),
        ([1.0, 2.0], [1.0, -1.0], "none negative"),
        ([1.0, 2.0], [0.0, 0.0], "not all 0"),
        ([1.0, np.nan], [1.0, 1.0], "losses: expected finite"),
        ([], [], "weights: expected one or more; got none"),
        ("x", [1.0], "losses: expected numbers; got 'x'"),
        ([1.0], ["x"], "weights: expected numbers; got list"),
    ],
)
def test_wrong_losses_and_weights_are_refused(
    losses: list[float], weights: list[float], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        weighted_risk(losses, weights)


def test_weights_that_are_no_numbers_leave_no_rows() -> None:
    with pytest.raises(DataError, match="weights: expected numbers; got 'x'"):
        effective_rows("x")


@pytest.mark.parametrize("setting", [{"clip": 0.0}, {"clip": -1.0}, {"flatten": 1.5}])
def test_wrong_settings_are_refused(setting: dict[str, float]) -> None:
    name = next(iter(setting))
    with pytest.raises(ConfigError, match=f"{name}: expected"):
        tame(np.ones(3), **({"clip": None, "flatten": 1.0, "normalise": True} | setting))  # type: ignore[arg-type]
