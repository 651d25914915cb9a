"""Partial dependence: slopes of linear models, scikit-learn's brute force, levels, dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.inspection import partial_dependence as sklearn_dependence

from mlplab.errors import ConfigError, DataError
from mlplab.tabular import Column
from mlplab.tabular.dependence import partial_dependence

X = Column(name="x", kind="number")


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(80, 2)), columns=["x", "z"])


@pytest.mark.parametrize("slope", [-2.0, 0.0, 3.5])
def test_a_linear_model_has_its_slope_and_no_band(frame, slope):
    found = partial_dependence(lambda f, _: (slope * f["x"] + f["z"]).to_numpy(), frame, X)
    steps = np.diff(found["mean"]) / np.diff(found["value"].astype(float))
    assert steps == pytest.approx(slope)
    assert found["mean"].to_numpy() == pytest.approx(
        slope * found["value"].astype(float) + frame["z"].mean()
    )
    assert (found["low"] == found["high"]).all()
    assert found["share"].sum() == pytest.approx(1)


def test_an_interaction_widens_the_band(frame):
    found = partial_dependence(lambda f, _: (f["x"] * f["z"]).to_numpy(), frame, X)
    far = found["value"].astype(float).abs().to_numpy().argmax()
    assert (found["high"] - found["low"]).iloc[far] > frame["z"].std()
    assert (found["low"] <= found["mean"]).all()
    assert (found["mean"] <= found["high"]).all()


def test_it_is_that_of_scikit_learn(frame):
    y = np.sin(2 * frame["x"]) + frame["x"] * frame["z"]
    model = GradientBoostingRegressor(n_estimators=20, random_state=0).fit(frame, y)
    ours = partial_dependence(lambda f, _: model.predict(f), frame, X, points=7)
    theirs = sklearn_dependence(
        model, frame, ["x"], custom_values={"x": ours["value"].to_numpy(float)}, method="brute"
    )
    assert ours["mean"].to_numpy() == pytest.approx(theirs["average"][0])


def test_few_values_are_taken_as_they_are_and_many_by_quantiles(frame):
    frame["x"] = np.arange(80) % 3
    found = partial_dependence(lambda f, _: f["x"].to_numpy(float), frame, X)
    assert found["value"].tolist() == [0, 1, 2]
    assert found["share"].tolist() == pytest.approx([27 / 80, 27 / 80, 26 / 80])
    frame["x"] = np.arange(80.0)
    found = partial_dependence(lambda f, _: f["x"].to_numpy(), frame, X, points=5)
    assert len(found) == 5
    assert found["value"].min() > 0
    assert set(found["value"]) <= set(frame["x"])


def test_levels_are_the_most_frequent_and_keep_a_declared_order(frame):
    frame["size"] = (["S"] * 40 + ["L"] * 30 + ["M"] * 9 + [np.nan]).copy()
    frame["size"] = frame["size"].astype(object)
    gain = {"S": 1.0, "M": 2.0, "L": 3.0}

    def predict(rows, _):
        return np.array([gain[level] for level in rows["size"]])

    plain = partial_dependence(predict, frame, Column(name="size", kind="category"), levels=2)
    assert dict(zip(plain["value"], plain["mean"], strict=True)) == {"S": 1.0, "L": 3.0}
    ordered = Column(name="size", kind="category", order=("S", "M", "L"))
    assert partial_dependence(predict, frame, ordered)["value"].tolist() == ["S", "M", "L"]


def test_dates_stay_dates(frame):
    frame["sold"] = pd.date_range("2006-01-01", periods=80, freq="7D").astype("datetime64[us]")
    start = frame["sold"].min()
    found = partial_dependence(
        lambda rows, _: (rows["sold"] - start).dt.days.to_numpy(float),
        frame,
        Column(name="sold", kind="date"),
        points=6,
    )
    assert found["mean"].tolist() == [(value - start).days for value in found["value"]]


def test_every_class_has_its_curve_and_they_sum_to_one(frame):
    def predict(rows, _):
        p = 1 / (1 + np.exp(-rows["x"].to_numpy()))
        return np.column_stack([1 - p, p])

    found = partial_dependence(predict, frame, X)
    sums = found.groupby("value")["mean"].sum()
    assert set(found["output"]) == {0, 1}
    assert sums.to_numpy() == pytest.approx(1)


def test_mistakes_are_named(frame):
    with pytest.raises(ConfigError, match="'x' is id"):
        partial_dependence(lambda f, _: f["x"], frame, Column(name="x", kind="id"))
    with pytest.raises(ConfigError, match="no column 'y'"):
        partial_dependence(lambda f, _: f["x"], frame, Column(name="y", kind="number"))
    with pytest.raises(DataError, match="no row has an entry in column 'x'"):
        partial_dependence(lambda f, _: f["x"], frame.assign(x=np.nan), X)
