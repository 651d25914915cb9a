"""The idx format: round trips, and every kind of damage in one line."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlplab.data import read_idx
from mlplab.errors import DataError

any_array = hnp.arrays(
    st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]),
    hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
)
reuse = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@reuse
@given(any_array, st.booleans())
def test_what_was_written_is_read(tmp_path, idx_bytes, array, packed):
    path = tmp_path / "file"
    blob = idx_bytes(array)
    path.write_bytes(gzip.compress(blob) if packed else blob)
    found = read_idx(path)
    assert found.shape == array.shape
    assert found.astype(array.dtype).tobytes() == array.tobytes()


@reuse
@given(any_array, st.booleans(), st.data())
def test_a_file_cut_anywhere_is_refused(tmp_path, idx_bytes, array, packed, data):
    path = tmp_path / "cut.gz"
    whole = idx_bytes(array)
    whole = gzip.compress(whole) if packed else whole
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(DataError, match=r"cut\.gz: ") as problem:
        read_idx(path)
    assert "\n" not in str(problem.value)


@reuse
@given(st.binary(max_size=64))
def test_any_bytes_are_an_array_or_one_line(tmp_path, blob):
    path = tmp_path / "noise"
    path.write_bytes(blob)
    problem = ""
    try:
        array = read_idx(path)
    except DataError as refusal:
        problem = str(refusal)
    assert "\n" not in problem
    assert problem or array.nbytes < len(blob)


def test_damage_inside_a_packed_file_is_found(tmp_path, idx_bytes):
    path = tmp_path / "damaged.gz"
    blob = bytearray(gzip.compress(idx_bytes(np.arange(4000, dtype="i4"))))
    blob[len(blob) // 2] ^= 0xFF
    path.write_bytes(blob)
    with pytest.raises(DataError, match=r"damaged\.gz: damaged or cut short"):
        read_idx(path)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda b: b"\1" + b[1:], "expected an idx file; it begins with '01 00 08 01'"),
        (lambda b: b[:2] + b"\x07" + b[3:], "expected an idx file"),
        (lambda b: b[:3] + b"\0" + b[4:], "expected an idx file"),
        (lambda b: b + b"\0", "too long: expected 5 bytes"),
        (lambda b: b[:-1], "cut short: expected 5 bytes"),
        (lambda b: b[:4] + b"\xff\xff\xff\xff" + b[8:], "cut short: expected 4294967295 bytes"),
        (lambda b: b[:6], "cut short inside the header"),
    ],
)
def test_each_wrong_header_is_named(tmp_path, idx_bytes, change, match):
    path = tmp_path / "wrong"
    path.write_bytes(change(idx_bytes(np.arange(5, dtype="u1"))))
    with pytest.raises(DataError, match=match):
        read_idx(path)


def test_a_missing_file_or_a_folder_is_one_line(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_idx(path)
