"""Bands: runs reduced to what is drawn."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.draw import SEED_RANGE, summarise

numbers = st.floats(-1e6, 1e6) | st.just(math.nan)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), numbers), min_size=1))
def test_summaries_equal_pandas_over_the_finite_values(rows: list[tuple[str, int, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["arm", "epoch", "y"])
    found = summarise(frame, ["arm", "epoch"], "y").set_index(["arm", "epoch"])
    wanted = frame.groupby(["arm", "epoch"])["y"].agg(["mean", "min", "max", "count"])
    assert set(found.index) == set(wanted.index)
    for place, row in wanted.iterrows():
        mine = found.loc[place]
        assert mine["n_seeds"] == row["count"]
        assert mine["mean"] == pytest.approx(row["mean"], nan_ok=True, rel=1e-9, abs=1e-6)
        if row["count"] > 1:
            assert (mine["low"], mine["high"]) == (row["min"], row["max"])
        else:
            assert math.isnan(mine["low"])


def test_the_default_band_says_what_it_is_in_both_languages() -> None:
    assert set(SEED_RANGE.says) == {"en", "zh"}
    assert SEED_RANGE.of([1.0, 2.0, 6.0]) == (3.0, 1.0, 6.0)
