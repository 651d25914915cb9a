"""Permutation importance against closed forms, scikit-learn's, and a clock."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.linear_model import LinearRegression

from mlplab.errors import ConfigError, DataError
from mlplab.tabular.importance import permutation_importance


def rmse(y, p):
    return float(np.sqrt(np.mean((p - y) ** 2)))


def mse(y, p):
    return float(np.mean((p - y) ** 2))


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(120, 3)), columns=["signal", "weak", "noise"])


def linear(frame, rows):
    return (3 * frame["signal"] + 0.3 * frame["weak"]).to_numpy()


def test_a_column_that_is_not_used_has_none_and_the_stronger_one_more(frame):
    y = linear(frame, None) + np.random.default_rng(1).normal(0, 0.1, len(frame))
    found = permutation_importance(linear, frame, y, rmse)
    assert found["column"].tolist() == ["signal", "weak", "noise"]
    last = found.iloc[-1]
    assert last["rise"] == last["low"] == last["high"] == 0.0
    assert found["low"].iloc[0] > found["high"].iloc[1] > 0


@pytest.mark.parametrize("slope", [0.5, 2.0])
def test_a_linear_model_rises_by_twice_the_variance_of_its_term(frame, slope):
    found = permutation_importance(
        lambda rows, _: slope * rows["signal"].to_numpy(), frame, slope * frame["signal"], mse,
        columns=["signal"], repeats=300,
    ).iloc[0]  # fmt: skip
    expected = 2 * slope**2 * frame["signal"].var(ddof=0)
    assert found["rise"] == pytest.approx(expected, rel=0.03)
    assert found["low"] < found["rise"] < found["high"]


def test_it_agrees_with_scikit_learn(frame):
    y = linear(frame, None) + np.random.default_rng(2).normal(0, 1, len(frame))
    model = LinearRegression().fit(frame, y)
    theirs = sklearn_importance(
        model, frame, y, scoring="neg_mean_squared_error", n_repeats=200, random_state=0
    )
    ours = permutation_importance(
        lambda rows, _: model.predict(rows), frame, y, mse, repeats=200, seed=3
    ).set_index("column")["rise"]
    error = theirs.importances_std / np.sqrt(200)
    for name, mean, se in zip(frame.columns, theirs.importances_mean, error, strict=True):
        assert ours[name] == pytest.approx(mean, abs=6 * se + 1e-9)


def test_only_the_entries_of_one_column_are_moved_and_rows_say_where_they_stem_from(frame):
    seen = []

    def predict(rows, places):
        seen.append((rows.reset_index(drop=True), places))
        return rows["signal"].to_numpy()

    permutation_importance(predict, frame, frame["signal"], rmse, columns=["weak"], repeats=2)
    for rows, places in seen:
        assert len(rows) == len(places)
        for name in ("signal", "noise"):
            assert (rows[name].to_numpy() == frame[name].to_numpy()[places]).all()
        assert sorted(rows["weak"]) == sorted(frame["weak"])
    assert (seen[1][0]["weak"] != frame["weak"]).any()
    assert (seen[1][0]["weak"] != seen[2][0]["weak"]).any()


def test_the_same_seed_gives_the_same_numbers_whatever_columns_are_asked(frame):
    y = linear(frame, None)
    one, two = (permutation_importance(linear, frame, y, rmse, seed=s) for s in (4, 4))
    pd.testing.assert_frame_equal(one, two)
    other = permutation_importance(linear, frame, y, rmse, seed=5)
    assert other["rise"].iloc[0] != one["rise"].iloc[0]


@given(n=st.integers(2, 30), columns=st.integers(1, 4), repeats=st.integers(2, 4))
def test_any_table_gives_one_row_per_column_with_the_mean_inside(n, columns, repeats):
    rng = np.random.default_rng(n)
    names = [f"c{i}" for i in range(columns)]
    frame = pd.DataFrame(rng.normal(size=(n, columns)), columns=names)
    found = permutation_importance(
        lambda rows, _: rows.sum(axis=1).to_numpy(), frame, rng.normal(size=n), rmse,
        repeats=repeats,
    )  # fmt: skip
    assert sorted(found["column"]) == sorted(names)
    assert (found["low"] <= found["rise"] + 1e-12).all()
    assert (found["rise"] <= found["high"] + 1e-12).all()
    assert found["rise"].is_monotonic_decreasing


def test_a_slow_model_gets_fewer_rows_and_repeats():
    now = [0.0]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1000, 4)), columns=list("abcd"))

    def slow(rows, _):
        now[0] += 5e-5 * len(rows)
        return rows["a"].to_numpy()

    found = permutation_importance(slow, frame, frame["a"], rmse, seconds=0.3, clock=lambda: now[0])
    assert now[0] < 0.6
    assert 80 <= found["n_rows"].iloc[0] < 1000
    assert found["n_repeats"].iloc[0] >= 3
    assert found["column"].iloc[0] == "a"
    enough = permutation_importance(
        lambda rows, _: rows["a"].to_numpy(), frame, frame["a"], rmse, seconds=60
    )
    assert enough["n_rows"].iloc[0] == 1000


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [
        ({"repeats": 1}, ConfigError, "repeats: expected at least 2; got 1"),
        ({"columns": ["sginal"]}, ConfigError, "no column 'sginal'"),
        ({"target": [1.0]}, DataError, "expected 120 entries, one per row; got 1"),
    ],
)
def test_mistakes_are_named(frame, how, error, says):
    asked = {"target": frame["signal"], **how}
    target = asked.pop("target")
    with pytest.raises(error, match=says):
        permutation_importance(linear, frame, target, rmse, **asked)
