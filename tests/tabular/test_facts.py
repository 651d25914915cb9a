"""Facts about tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlplab.tabular import (
    constant_columns,
    duplicate_columns,
    missing_map,
    missing_table,
    missing_together,
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
