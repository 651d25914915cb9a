from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.store.packing import pack, pack_floats, unpack, unpack_floats

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)


@given(parts=st.dictionaries(names, st.binary(max_size=900), max_size=5))
def test_parts_come_back_in_order(parts):
    assert list(unpack(pack(parts)).items()) == list(parts.items())


def test_what_repeats_is_kept_small():
    assert len(pack_floats({"loss": [0.5] * 10_000})) < 1000


@given(junk=st.binary(max_size=60), mark=st.sampled_from([b"", b"P", b"Z"]))
def test_junk_is_a_value_error_or_nothing_else(junk, mark):
    with contextlib.suppress(ValueError):
        unpack(mark + junk)


@pytest.mark.parametrize("values", [[0.1, 0.2], [float(n) for n in range(3000)]], ids=len)
def test_a_blob_cut_short_is_a_value_error(values):
    whole = pack_floats({"a": values, "b": values})
    for end in range(0, len(whole), max(1, len(whole) // 50)):
        with pytest.raises(ValueError):
            unpack_floats(whole[:end])


def test_only_histories_that_repeat_are_deflated():
    losses = [1 / (1 + epoch) for epoch in range(400)]
    assert len(pack_floats({"loss": losses})) > 8 * len(losses)
    hits = [round(9 * loss) / 10 for loss in losses]
    assert len(pack_floats({"loss": losses, "accuracy": hits})) < 0.8 * 16 * len(losses)
    gaps = [float("nan")] * 399 + [0.5]
    assert len(pack_floats({"test_loss": gaps})) < 0.1 * 8 * len(gaps)


@pytest.mark.parametrize(
    "header", ["[" * 100_000, '[["\\ud800", 8]]', '[["a", -8], ["b", 16]]'], ids=len
)
def test_a_header_of_what_cannot_be_is_a_value_error(header):
    blob = b"P" + struct.pack("<I", len(header)) + header.encode() + bytes(8)
    with pytest.raises(ValueError, match=r"damaged blob|surrogates"):
        unpack(blob)
