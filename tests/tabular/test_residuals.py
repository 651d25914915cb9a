"""Residuals and the worst rows; what counts as unusual, against a count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import DataError
from mlplab.tabular import Column, Schema
from mlplab.tabular.residuals import residual_table, unusual_values, worst_rows


def test_residuals_are_differences_or_those_of_logarithms():
    y, p = np.array([100.0, 50.0, 10.0]), np.array([110.0, np.nan, 9.0])
    plain = residual_table(y, p, [0, 1, 0])
    assert plain["row"].tolist() == [0, 2]
    assert plain["residual"].tolist() == [10.0, -1.0]
    logs = residual_table(y, p, [0, 1, 0], logarithmic=True)
    assert np.exp(logs["residual"]).tolist() == pytest.approx([1.1, 0.9])
    with pytest.raises(DataError, match="above 0 for logarithms; got -1"):
        residual_table([1.0], [-1.0], [0], logarithmic=True)
    with pytest.raises(DataError, match="as many targets as predictions"):
        residual_table([1.0, 2.0], [1.0], [0])


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=40), st.integers(1, 10))
def test_no_row_left_out_is_worse_than_one_taken(errors, n):
    rows = worst_rows(errors, n)
    size = np.abs(np.array(errors, float))
    assert len(rows) == min(n, int((~np.isnan(size)).sum())) == len(set(rows.tolist()))
    taken = size[rows]
    assert (np.diff(taken) <= 0).all()
    rest = np.delete(size, rows)
    if len(rows) and (~np.isnan(rest)).any():
        assert np.nanmax(rest) <= taken.min()


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60))
def test_the_share_of_a_number_is_that_of_rows_as_far_out(numbers):
    numbers = [*numbers, 100]
    frame = pd.DataFrame({"x": [float(number) for number in numbers]})
    schema = Schema(columns=(Column(name="x", kind="number"),))
    for row, told in enumerate(unusual_values(frame, schema, range(len(frame)))):
        x, n = numbers[row], len(numbers)
        lower = sum(other <= x for other in numbers)
        upper = sum(other >= x for other in numbers)
        share = min(1.0, 2 * min(lower, upper) / n)
        assert bool(told) == (share <= 0.05)
        if told:
            assert told[0][2] == pytest.approx(share)


def test_rare_levels_and_gaps_count_and_ids_do_not():
    n = 100
    frame = pd.DataFrame(
        {
            "Id": [str(i) for i in range(n)],
            "zone": ["north"] * 97 + ["west"] * 3,
            "area": [1.0] * 98 + [np.nan] * 2,
            "sold": pd.to_datetime(["2010-01-01"] * 99 + ["1900-05-06"]),
            "y": [0.0] * n,
        }
    )
    kinds = {"Id": "id", "zone": "category", "area": "number", "sold": "date", "y": "number"}
    columns = tuple(Column(name=name, kind=kind) for name, kind in kinds.items())
    last, first = unusual_values(frame, Schema(columns=columns, target="y"), [99, 0])
    assert last == [
        ("area", "missing", 0.02),
        ("sold", "1900-05-06", 0.02),
        ("zone", "west", 0.03),
    ]
    assert first == []
