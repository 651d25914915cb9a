"""Weights of training rows: near the true ratios, bounded in memory, declined without overlap."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlplab.shift
from mlplab.errors import ConfigError, DataError
from mlplab.shift import correct
from mlplab.shift.correction import kernels
from mlplab.shift.correction.correct import _reason

METHODS = ("odds", "ulsif", "rulsif", "kliep", "kmm")
# Few centres, folds and networks: enough for relations.
QUICK: dict[str, Any] = {"n_centres": 60, "n_folds": 2, "n_seeds": 2}


def gaussians(
    n: int = 500, m: int = 400, columns: int = 1, shift: float = 0.7
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of both tables, and the true ratio at the training rows."""
    rng = np.random.default_rng(0)
    train, target = rng.normal(size=(n, columns)), rng.normal(shift, 1, (m, columns))
    return train, target, np.exp(shift * train.sum(1) - columns * shift**2 / 2)


def error(values: np.ndarray, true: np.ndarray) -> float:
    return float(np.mean(np.square(values / values.mean() - true / true.mean())))


@pytest.mark.parametrize("method", METHODS)
def test_ratios_of_gaussians_are_nearer_to_the_true_ones_than_equal_weights(method: Any) -> None:
    train, target, true = gaussians()
    found = correct(train, target, method, **QUICK)
    assert not found.declined
    assert found.values.mean() == pytest.approx(1)
    assert found.values.min() >= 0
    # RuLSIF estimates another ratio, true / (0.1 true + 0.9), and is compared with that
    wanted = true / (0.1 * true + 0.9) if method == "rulsif" else true
    assert error(found.values, wanted) < 0.4 * error(np.ones(len(true)), wanted)
    assert found.effective == pytest.approx(found.values.sum() ** 2 / np.square(found.values).sum())


@pytest.mark.parametrize("method", METHODS)
def test_without_a_shift_the_weighted_mean_stays_where_it_is(method: Any) -> None:
    train, target, _ = gaussians(shift=0.0)
    found = correct(train, target, method, **QUICK)
    assert not found.declined
    assert found.share > 0.8
    assert abs(found.values @ train[:, 0] / len(train)) < 0.2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("columns", [1, 5])
def test_tables_apart_are_declined_and_have_no_values(method: Any, columns: int) -> None:
    train, target, _ = gaussians(300, 300, columns, shift=8.0)
    found = correct(train, target, method, **QUICK)
    assert "% of the target rows lie outside the training rows" in found.declined
    assert found.outside == 1
    assert len(found.ratios) == len(train)
    with pytest.raises(DataError, match="no weights: 100 % of the target rows"):
        _ = found.values
    with pytest.raises(DataError, match="no weights"):
        found.risk(np.ones(len(train)))


def test_too_few_effective_rows_are_declined_unless_they_are_asked_for() -> None:
    train, target, _ = gaussians(shift=1.2)
    found = correct(train, target, "kliep", least_effective=400, **QUICK)
    assert "effective training rows of 500, fewer than 400" in found.declined
    assert correct(train, target, "kliep", least_effective=10, **QUICK).declined == ""


def test_a_few_training_rows_among_the_target_are_not_enough() -> None:
    rng = np.random.default_rng(0)
    train = np.concatenate([rng.normal(size=(970, 1)), 6 + rng.normal(size=(30, 1))])
    found = correct(train, 6 + rng.normal(size=(1000, 1)), "odds", **QUICK)
    assert found.effective < 100
    assert found.declined


def test_reasons_come_plainest_first() -> None:
    fine = {"effective": 100.0, "least": 30.0, "outside": 0.1, "mean_ratio": 0.9, "n_rows": 500}
    assert _reason(**fine) == ""  # type: ignore[arg-type]
    assert "leave 20.0 effective" in _reason(**fine | {"effective": 20.0})  # type: ignore[arg-type]
    few = fine | {"effective": 20.0, "mean_ratio": 0.4}
    assert "the ratios have mean 0.4" in _reason(**few)  # type: ignore[arg-type]
    assert "21 % of the target rows" in _reason(**few | {"outside": 0.21})  # type: ignore[arg-type]


def test_clipping_and_flattening_reach_the_values() -> None:
    train, target, _ = gaussians()
    plain = correct(train, target, "ulsif", normalise=False, clip=1e9, **QUICK)
    tamed = correct(train, target, "ulsif", normalise=False, clip=1.5, flatten=0.5, **QUICK)
    np.testing.assert_allclose(tamed.values, np.minimum(plain.ratios, 1.5) ** 0.5)
    assert tamed.clipped == pytest.approx((plain.ratios > 1.5).mean())
    assert tamed.effective >= plain.effective


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_gives_one_answer_and_the_global_state_none(method: Any) -> None:
    train, target, _ = gaussians(120, 100)
    np.random.seed(1)  # noqa: NPY002  # the global state is what is tested
    first = correct(train, target, method, seed=3, **QUICK)
    np.random.seed(2)  # noqa: NPY002
    again = correct(train, target, method, seed=3, **QUICK)
    np.testing.assert_array_equal(first.ratios, again.ratios)


def test_units_and_order_of_columns_change_no_weight() -> None:
    train, target, _ = gaussians(200, 200, 2)
    names = ["a", "b"]
    first, second = pd.DataFrame(train, columns=names), pd.DataFrame(target, columns=names)
    base = correct(first, second, "kliep", **QUICK)
    other = correct(1000 * first + 5, (1000 * second + 5)[["b", "a"]], "kliep", **QUICK)
    np.testing.assert_allclose(base.ratios, other.ratios, rtol=0.02, atol=0.01)


def test_copies_and_constants_decline_nothing() -> None:
    train, target, _ = gaussians(200, 200)
    twice = np.column_stack([np.concatenate([train, train]), np.ones(400)])
    found = correct(twice, np.column_stack([target, np.ones(200)]), "ulsif", **QUICK)
    assert not found.declined
    assert found.settings["left_out"] == {"x1": "constant"}
    np.testing.assert_array_equal(found.ratios[:200], found.ratios[200:])


def test_tables_with_few_different_rows_are_weighed() -> None:
    def letters(a: int, b: int) -> pd.DataFrame:
        return pd.DataFrame({"letter": ["a"] * a + ["b"] * b})

    found = correct(letters(60, 40), letters(20, 80), "ulsif")
    assert found.outside == 0
    # 0.2 / 0.6 and 0.8 / 0.4
    assert found.values[0] == pytest.approx(1 / 3, abs=0.2)
    assert found.values[-1] == pytest.approx(2, abs=0.3)


def test_tables_with_categories_and_gaps_are_weighed() -> None:
    rng = np.random.default_rng(0)

    def table(n: int, share: float) -> pd.DataFrame:
        size = rng.normal(size=n)
        size[rng.random(n) < 0.2] = np.nan
        town = np.where(rng.random(n) < share, "Oslo", "Rome")
        return pd.DataFrame({"size": size, "town": town})

    first = table(600, 0.5)
    found = correct(first, table(600, 0.8), "ulsif")
    in_oslo = (first["town"] == "Oslo").to_numpy()
    # 0.8 / 0.5 against 0.2 / 0.5
    assert found.values[in_oslo].mean() > 2 * found.values[~in_oslo].mean()


@pytest.mark.parametrize("method", ["ulsif", "kliep", "kmm"])
def test_no_more_than_a_block_of_kernels_is_ever_there(
    method: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, target, _ = gaussians(9000, 9500)
    sizes = []
    plain = kernels.Kernels.__call__

    def measured(self: Any, rows: Any) -> Any:
        sizes.append(len(rows) * len(self.centres))
        return plain(self, rows)

    monkeypatch.setattr(kernels.Kernels, "__call__", measured)
    correct(train, target, method, n_centres=20)
    assert len(sizes) > 3
    assert max(sizes) <= 20 * kernels.BLOCK


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_150_000_rows_against_80_000_take_little_memory(method: Any) -> None:
    train, target, _ = gaussians(150_000, 80_000, 5, shift=0.3)
    tracemalloc.start()
    found = correct(train, target, method)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not found.declined
    # the full matrix would take 96 GB
    assert peak < 1e9


X = np.arange(20.0).reshape(10, 2)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"method": "odd"}, "method: expected one of odds, ulsif, rulsif, kliep, kmm; got 'odd'"),
        ({"clip": 0}, "clip: expected a number above 0, or None; got 0"),
        ({"clip": "2"}, "clip: expected a number above 0, or None; got '2'"),
        ({"flatten": None}, "flatten: expected a number from 0 to 1; got None"),
        ({"n_folds": None}, "n_folds: expected a whole number from 2; got None"),
        ({"seed": -1}, "seed: expected at least 0; got -1"),
        ({"method": ["kmm"]}, "method: expected one of odds"),
        ({"normalise": "no"}, "normalise: expected True or False; got 'no'"),
        ({"flatten": 2}, "flatten: expected a number from 0 to 1; got 2"),
        ({"relative": 1.0}, "relative: expected a number between 0 and 1"),
        ({"n_centres": 0}, "n_centres: expected at least 1"),
        ({"n_folds": 1}, "n_folds: expected at least 2"),
        ({"n_seeds": 0}, "n_seeds: expected at least 1"),
        ({"calibration": "isotonic"}, "calibration: expected one of platt, temperature, none"),
        ({"least_effective": -1}, "least_effective: expected at least 0"),
    ],
)
def test_wrong_settings_are_one_line(setting: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        correct(X, X + 1, **setting)


@pytest.mark.parametrize(
    ("first", "second", "method", "says"),
    [
        (X[:1], X, "ulsif", "inputs: expected at least 2 rows; got 1"),
        (X, X[:4], "odds", "target_inputs: expected at least 5 rows; got 4"),
        (X, X[:, :1], "kmm", "different columns"),
        (X, np.where(X == 3, np.inf, X), "kmm", "infinite in row 1"),
    ],
)
def test_wrong_tables_are_one_line(
    first: np.ndarray, second: np.ndarray, method: Any, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        correct(first, second, method)


def test_the_room_hands_out_what_it_lists() -> None:
    assert dir(mlplab.shift) == sorted(mlplab.shift.__all__)
    for name in mlplab.shift.__all__:
        assert getattr(mlplab.shift, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'repair'"):
        _ = mlplab.shift.repair
