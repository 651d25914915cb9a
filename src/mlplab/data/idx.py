"""The idx format of the MNIST family: a header of sizes, then the numbers."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.devices import refuse_device
from mlplab.errors import DataError

# A kilobyte of gzip may unpack to a thousand times as much; the largest set has 47 MB.
_MOST_BYTES = 2**31
_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> npt.NDArray[Any]:
    """Read one idx file, packed with gzip or plain, whole and checked for its length.

    Layout: two zero bytes, a code for the dtype, the number of dimensions D, then D sizes as
    big-endian 32-bit numbers, then the elements in C order.

    Returns:
        A read-only array of the shape and dtype that the header names.

    Raises:
        DataError: the file cannot be read, is damaged, cut short, too long, or of another format.
    """
    blob = _unpacked(path)
    if len(blob) < 4 or blob[:2] != b"\0\0" or blob[2] not in _DTYPES or blob[3] == 0:
        raise DataError(f"{path}: expected an idx file; it begins with {blob[:4].hex(' ')!r}")
    dtype, n_dims = np.dtype(_DTYPES[blob[2]]), blob[3]
    start = 4 + 4 * n_dims
    if len(blob) < start:
        raise DataError(f"{path}: cut short inside the header, after {len(blob)} bytes")
    shape = struct.unpack(f">{n_dims}I", blob[4:start])
    expected = math.prod(shape) * dtype.itemsize
    if len(blob) - start != expected:
        problem = "cut short" if len(blob) - start < expected else "too long"
        raise DataError(
            f"{path}: {problem}: expected {expected} bytes for shape {shape}; "
            f"got {len(blob) - start}"
        )
    try:
        # Without a copy of 47 MB; the array is read-only, as all of a task's are.
        return np.frombuffer(blob, dtype=dtype, offset=start).reshape(shape)
    except ValueError:  # more dimensions, or larger ones beside one of 0, than an array can have
        raise DataError(f"{path}: expected the shape of an array; got {shape}"[:300]) from None


def _unpacked(path: Path) -> bytes:
    refuse_device(path)
    try:
        blob = path.read_bytes()
        if blob[:2] != b"\x1f\x8b":
            return blob
        with gzip.open(io.BytesIO(blob)) as stream:
            unpacked = stream.read(_MOST_BYTES + 1)
        if len(unpacked) > _MOST_BYTES:
            raise DataError(f"{path}: unpacks to more than {_MOST_BYTES:,} bytes")
        return unpacked
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise DataError(f"{path}: damaged or cut short ({problem})") from None
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem})") from None
