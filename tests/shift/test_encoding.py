"""Two tables as numbers: what the encoding keeps, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlplab.errors import ConfigError, DataError
from mlplab.shift import encode


def frame(n: int, seed: int) -> pd.DataFrame:
    """Numbers, dates, categories and gaps."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(5, 3, n)
    numbers[rng.random(n) < 0.2] = np.nan
    return pd.DataFrame(
        {
            "number": numbers,
            "count": rng.poisson(3, n),
            "flag": rng.random(n) < 0.3,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "town": rng.choice(["Oslo", "Rome", None], n),
            "letter": pd.Categorical(rng.choice(list("abc"), n)),
        }
    )


def test_numbers_equal_scikit_learns_scaling_imputation_and_indicator() -> None:
    first, second = frame(50, 0)[["number", "count"]], frame(30, 1)[["number", "count"]]
    encoded = encode(first, second)
    both = pd.concat([first, second]).to_numpy(np.float64)
    scaled = SimpleImputer(strategy="median").fit_transform(StandardScaler().fit_transform(both))
    gaps = MissingIndicator().fit_transform(both)
    rows = np.concatenate([encoded.first, encoded.second])
    assert [column.name for column in encoded.columns] == ["number", "number is missing", "count"]
    np.testing.assert_allclose(rows[:, [0, 2]], scaled, atol=1e-6)
    np.testing.assert_array_equal(rows[:, [1]], gaps)


def test_levels_equal_scikit_learns_one_hot_with_rare_ones_together() -> None:
    rng = np.random.default_rng(0)
    texts = rng.choice(list("abcdef"), 300, p=[0.5, 0.3, 0.13, 0.03, 0.02, 0.02])
    first, second = pd.DataFrame({"t": texts[:200]}), pd.DataFrame({"t": texts[200:]})
    encoded = encode(first, second, rare=20)
    theirs = OneHotEncoder(min_frequency=20, sparse_output=False).fit_transform(texts[:, None])
    rows = np.concatenate([encoded.first, encoded.second])
    assert [column.name for column in encoded.columns] == ["t = a", "t = b", "t = c", "t = (rare)"]
    np.testing.assert_array_equal(rows, theirs)
    few = encode(first, second, most_levels=2)
    assert [column.name for column in few.columns] == ["t = a", "t = b", "t = (rare)"]


def test_mixed_columns_are_finite_and_named_after_their_column() -> None:
    encoded = encode(frame(80, 0), frame(60, 1))
    assert encoded.first.shape == (80, len(encoded.columns))
    assert encoded.second.shape == (60, len(encoded.columns))
    assert encoded.first.dtype == encoded.second.dtype == np.float32
    assert np.isfinite(encoded.first).all()
    assert np.isfinite(encoded.second).all()
    assert {column.original for column in encoded.columns} == set(frame(1, 0).columns)
    towns = encoded.columns_of("town")
    assert {encoded.columns[i].name for i in towns} == {
        "town = Oslo", "town = Rome", "town = (missing)",
    }  # fmt: skip
    np.testing.assert_array_equal(encoded.first[:, towns].sum(1), 1)


def test_order_of_columns_and_kind_of_table_make_no_difference() -> None:
    first, second = frame(40, 0), frame(40, 1)
    straight, turned = encode(first, second), encode(first, second[second.columns[::-1]])
    np.testing.assert_array_equal(straight.second, turned.second)
    numbers = first[["number"]].to_numpy(), second[["number"]].to_numpy()
    np.testing.assert_array_equal(
        encode(*numbers).first, encode(first[["number"]], second[["number"]]).first
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    n=st.integers(1, 20),
    m=st.integers(1, 20),
    n_columns=st.integers(1, 4),
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1e-300, 1e-3, 1.0, 1e300]),
)
def test_arrays_of_any_shape_and_scale_are_standardised(
    n: int, m: int, n_columns: int, seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    first, second = scale * rng.normal(size=(n, n_columns)), scale * rng.normal(size=(m, n_columns))
    encoded = encode(first, second)
    rows = np.concatenate([encoded.first, encoded.second])
    np.testing.assert_allclose(rows.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(rows.std(0), 1, atol=1e-5)


def test_dates_count_alike_in_any_unit_or_zone() -> None:
    days = pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-05"]))
    first = pd.DataFrame({"day": days.dt.as_unit("s")})
    second = pd.DataFrame({"day": days.dt.as_unit("ns")})
    encoded = encode(first, second)
    np.testing.assert_array_equal(encoded.first, encoded.second)
    np.testing.assert_allclose(encoded.first[:, 0], [-1, 0, 1], atol=1e-6)
    zoned = pd.DataFrame({"day": days.dt.tz_localize("UTC")})
    np.testing.assert_array_equal(encode(zoned, zoned).first, encoded.first)


def test_what_carries_nothing_is_left_out_and_named() -> None:
    first = pd.DataFrame({"x": [1.0, 2.0], "same": [3, 3], "name": ["a", "b"]})
    second = pd.DataFrame({"x": [1.0, 5.0], "same": [3, 3], "name": ["c", "d"]})
    encoded = encode(first, second)
    assert encoded.left_out == {"same": "constant", "name": "all texts rare"}
    assert [column.name for column in encoded.columns] == ["x"]


def test_a_column_without_an_entry_in_one_table_differs_by_its_gaps() -> None:
    full = pd.DataFrame({"x": [1.0, 2.0], "t": ["a", "b"], "none": [None, None]})
    empty = pd.DataFrame({"x": [None, None], "t": [np.nan, np.nan], "none": [np.nan, np.nan]})
    encoded = encode(full, empty, rare=1)
    assert encoded.left_out == {"none": "missing in both"}
    names = [column.name for column in encoded.columns]
    assert names == ["x", "x is missing", "t = (missing)", "t = a", "t = b"]
    assert encoded.second.tolist() == [[0, 1, 1, 0, 0]] * 2
    turned = encode(empty, full, rare=1)
    np.testing.assert_array_equal(turned.first, encoded.second)
    np.testing.assert_array_equal(turned.second, encoded.first)


def test_inputs_stay_as_they_were() -> None:
    first, second = frame(20, 0), frame(20, 1)
    before = first.copy(), second.copy()
    encode(first, second)
    pd.testing.assert_frame_equal(first, before[0])
    pd.testing.assert_frame_equal(second, before[1])


X = np.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (X, X[:, :1], "different columns; only in the first: 'x1'"),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), "'a'; only in the second: 'b'"),
        (X[:0], X, "first table: has no rows"),
        (X, X[:, :0], "second table: has no columns"),
        (X[:, 0], X, r"first table: expected rows and columns, \(N, I\); got \(3,\)"),
        (X, np.where(X == 3, np.inf, X), "second table, column 'x1': infinite in row 1"),
        (np.full((3, 1), np.nan), np.full((2, 1), np.nan), "difference .'x0': missing in both"),
        (
            pd.DataFrame({"a": [1, 2]}),
            pd.DataFrame({"a": ["1", "n/a"]}),
            "column 'a': numbers in the first table and texts in the second .such as '1'",
        ),
        (np.ones((3, 1)), np.ones((2, 1)), "no column can show a difference .'x0': constant"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), X, "first table: column 'a' is there twice"),
        (pd.DataFrame({"a": [1j]}), pd.DataFrame({"a": [1j]}), "expected real numbers"),
    ],
)
def test_wrong_tables_are_refused_in_one_line(first: Any, second: Any, says: str) -> None:
    with pytest.raises(DataError, match=says) as raised:
        encode(first, second)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("setting", [{"rare": 0}, {"most_levels": 0}])
def test_wrong_settings_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="expected at least 1; got 0"):
        encode(X, X, **setting)
