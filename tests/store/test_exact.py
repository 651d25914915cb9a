"""What is remembered is read as it was written: in value, type and bit."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlplab.store.exact import pack_exact, unpack_exact

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.binary()
    | st.floats(width=32).map(np.float32)
    | st.integers(-(2**63), 2**63 - 1).map(np.int64)
    | st.floats().map(np.float64)
    | st.booleans().map(np.bool_)
)
keys = st.text() | st.just("!") | st.integers() | st.tuples(st.integers(), st.text())
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=20,
)
arrays = hnp.arrays(
    st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(endianness="?"),
        hnp.floating_dtypes(endianness="?"),
        hnp.complex_number_dtypes(),
        hnp.datetime64_dtypes(),
        hnp.unicode_string_dtypes(),
    ),
    hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
)


def same(one, other):
    """Equal in type and bit, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray | np.generic):
        alike = (one.dtype, one.shape) == (other.dtype, other.shape)
        return alike and one.tobytes() == other.tobytes()
    if type(one) is float:
        return struct.pack("<d", one) == struct.pack("<d", other)
    if type(one) is complex:
        return same((one.real, one.imag), (other.real, other.imag))
    return one == other


@settings(deadline=None)
@given(value=values)
def test_every_value_comes_back_as_it_was(value):
    assert same(unpack_exact(pack_exact(value)), value)


@settings(deadline=None)
@given(array=arrays)
def test_every_array_comes_back_as_it_was_and_can_be_written_to(array):
    found = unpack_exact(pack_exact({"a": [array, array.T]}))["a"]
    assert same(found[0], array)
    assert same(found[1], array.T)
    assert found[0].flags.writeable


def test_arrays_of_objects_keep_their_objects():
    array = np.array([[None, 0.5], [(1, 2), "x"]], dtype=object)
    found = unpack_exact(pack_exact(array))
    assert found.shape == (2, 2)
    assert same(found.tolist(), array.tolist())


@pytest.mark.parametrize(
    "stranger", [object(), {1, 2}, print, np.array([(1, 2.0)], dtype="i4,f4"), [range(3)]]
)
def test_what_has_no_exact_form_is_refused(stranger):
    with pytest.raises(TypeError, match=r"cannot keep an? .* exactly"):
        pack_exact(stranger)


@settings(deadline=None)
@given(junk=st.binary())
def test_bytes_of_something_else_are_refused(junk):
    with pytest.raises(ValueError, match=r"damaged|Expecting"):
        unpack_exact(junk)


@settings(deadline=None)
@given(data=st.data(), value=st.dictionaries(st.text(), values, min_size=1, max_size=3))
def test_a_damaged_blob_is_never_read_as_another_value(data, value):
    blob = bytearray(pack_exact(value))
    place = data.draw(st.integers(0, len(blob) - 1))
    blob[place] ^= data.draw(st.integers(1, 255))
    try:
        found = unpack_exact(bytes(blob))
    except ValueError:
        return
    # Some bits of a deflated stream mean nothing.
    assert same(found, value)


@pytest.mark.parametrize(
    "plain",
    [
        '{"!": "complex", "x": []}',
        '{"!": "array", "dtype": "<f8", "shape": [1180591620717411303424], "x": ""}',
        '{"!": "bytes", "x": 3}',
        "[" * 100_000,
    ],
    ids=len,
)
def test_what_is_no_form_of_a_value_is_refused(plain):
    with pytest.raises(ValueError, match=r"damaged|Maximum|bytes"):
        unpack_exact(b"E1" + zlib.compress(plain.encode()))


def test_a_blob_that_unpacks_beyond_measure_is_refused(monkeypatch):
    monkeypatch.setattr("mlplab.store.packing.MOST_BYTES", 2**20)
    with pytest.raises(ValueError, match="of more than"):
        unpack_exact(b"E1" + zlib.compress(bytes(2**22)))
