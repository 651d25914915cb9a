"""Facts about tables, and telling two tables apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from mlplab.errors import ConfigError, DataError
from mlplab.tabular import (
    constant_columns,
    duplicate_columns,
    infer_schema,
    missing_map,
    missing_table,
    missing_together,
    tell_tables_apart,
)


def test_shares_of_missing_entries_are_pandas_own(frame):
    train, test = frame[:40], frame[40:].drop(columns="price")
    found = missing_table(train, test).set_index("column")
    for name in frame:
        if name not in found.index:
            assert train[name].notna().all()
            assert name == "price" or test[name].notna().all()
        else:
            assert found["n_missing"][name] == train[name].isna().sum()
            assert found["share"][name] == pytest.approx(train[name].isna().mean())
            assert found["test_share"][name] == pytest.approx(test[name].isna().mean())
    assert found["share"].is_monotonic_decreasing
    assert missing_table(frame.dropna()).empty


def test_the_map_adds_up_to_the_table(frame):
    found = missing_map(frame, blocks=7)
    sums = (found["share"] * found["n_rows"]).groupby(found["column"]).sum()
    counts = missing_table(frame).set_index("column")["n_missing"]
    assert sums.to_dict() == pytest.approx(counts.to_dict())
    assert (found.groupby("column")["n_rows"].sum() == len(frame)).all()
    assert len(missing_map(frame, blocks=10**6)) == len(counts) * len(frame)


def test_gaps_that_go_together_are_found():
    gap = np.arange(12) % 3 == 0
    frame = pd.DataFrame(
        {
            "garage": np.where(gap, np.nan, 1.0),
            "other": np.where(np.arange(12) == 1, None, "x"),
            "cars": pd.Series(["a"] * 12).mask(gap),
            "full": 1,
        }
    )
    assert missing_together(frame) == [(("garage", "cars"), 4)]


def test_constants_and_duplicates_whatever_the_gaps():
    gap = [1.0, None, 3.0]
    frame = pd.DataFrame({"a": gap, "b": gap, "c": 5, "d": None, "e": ["1.0", None, "3.0"]})
    frame["f"] = [1.0, 2.0, 3.0]
    assert constant_columns(frame) == ["c", "d"]
    assert duplicate_columns(frame) == [("a", "b")]


def tables(shift, n=200, seed=0):
    rng = np.random.default_rng(seed)
    one, two = (
        pd.DataFrame({"x": rng.normal(move, 1, n), "z": rng.choice(["p", "q"], n)})
        for move in (0, shift)
    )
    return one, two, infer_schema(one)


def test_the_auc_is_that_of_two_normals():
    from scipy.stats import norm

    one, two, schema = tables(1.0, n=1000)
    found = tell_tables_apart(one, two, schema, classifier=LogisticRegression())
    assert found.low < norm.cdf(1 / np.sqrt(2)) < found.high
    assert found.auc == pytest.approx(found.folds.mean())
    assert found.scores.shape == (2000,)
    assert found.scores[1000:].mean() > found.scores[:1000].mean()


def test_the_interval_holds_one_half_where_there_is_no_shift():
    inside = 0
    for seed in range(12):
        one, two, schema = tables(0.0, n=100, seed=seed)
        found = tell_tables_apart(one, two, schema, classifier=LogisticRegression(), seed=seed)
        inside += found.low <= 0.5 <= found.high
    assert inside >= 10


def test_a_classifier_that_knows_nothing_has_one_half():
    found = tell_tables_apart(*tables(3.0), classifier=DummyClassifier())
    assert found.auc == 0.5
    assert found.low < 0.5 < found.high


def test_ids_and_the_target_are_not_shown():
    rng = np.random.default_rng(0)
    one = pd.DataFrame({"Id": np.arange(60), "x": rng.normal(size=60), "y": 0.0 + np.arange(60)})
    two = pd.DataFrame({"Id": np.arange(60, 120), "x": rng.normal(size=60)})
    schema = infer_schema(one, target="y")
    assert tell_tables_apart(one, two, schema).low < 0.5
    assert tell_tables_apart(one, two, schema.with_types({"Id": "number"})).auc > 0.99


def test_too_few_rows_or_folds_are_refused():
    one, two, schema = tables(0.0)
    with pytest.raises(
        DataError, match="second table: expected at least 10 rows, two per fold; got 9"
    ):
        tell_tables_apart(one, two[:9], schema)
    with pytest.raises(ConfigError, match="n_folds: expected at least 2; got 1"):
        tell_tables_apart(one, two, schema, n_folds=1)
    with pytest.raises(DataError, match="second table: no column 'z'"):
        tell_tables_apart(one, two[["x"]], schema)
