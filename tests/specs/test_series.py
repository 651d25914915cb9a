"""Series: the numbers of a tuple in the room of an array."""

from __future__ import annotations

import pickle
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.specs.series import Series

numbers = st.lists(st.floats(), max_size=20)


@given(numbers)
def test_it_holds_what_it_was_given(values):
    series = Series(values)
    assert len(series) == len(values)
    assert array("d", series).tobytes() == array("d", values).tobytes() == series.tobytes()
    np.testing.assert_array_equal(np.array(series), values)
    assert repr(series) == repr(tuple(values))
    assert Series.from_bytes(series.tobytes()) == pickle.loads(pickle.dumps(series)) == series


@given(st.lists(st.floats(allow_nan=False)), st.lists(st.floats(allow_nan=False)))
def test_it_is_equal_to_what_a_tuple_is_equal_to(one, other):
    same = tuple(one) == tuple(other)
    assert (Series(one) == Series(other)) == (Series(one) == tuple(other)) == same
    assert Series(one) == tuple(one)
    assert hash(Series(one)) == hash(tuple(one))
    assert Series(one) != list(one)


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.integers(-20, 20))
def test_it_is_read_as_a_tuple_is(values, at):
    series, expected = Series(values), tuple(values)
    assert series[at:] == expected[at:]
    assert series[-1] == expected[-1]
    if not -len(values) <= at < len(values):
        with pytest.raises(IndexError, match="out of range"):
            series[at]


def test_gaps_are_equal_to_gaps():
    assert Series([float("nan"), 0.0]) == Series([float("nan"), -0.0 + 0.0])


def test_it_cannot_be_changed():
    series = Series([1.0, 2.0])
    with pytest.raises(TypeError, match="assignment"):
        series[0] = 3.0  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(series)[0] = 3.0
    np.array(series)[0] = 3.0
    assert series == (1.0, 2.0)
