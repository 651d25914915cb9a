"""Parts of the compiled loops, called alone."""

from __future__ import annotations

import ctypes

import numpy as np

from mlplab.engine.native.coverage import CURVES
from mlplab.engine.native.job import room_for_order
from mlplab.engine.native.library import library

ROW = 16


def call(name, *arguments, dtype=None, loops=None):
    """Call a function of the library with numbers and arrays."""
    function = (loops or library()).function(name, dtype)
    function.restype = None
    kinds = {int: ctypes.c_int64, float: ctypes.c_double}
    taken = []
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            assert argument.flags.c_contiguous
            taken.append(ctypes.c_void_p(argument.ctypes.data))
        else:
            taken.append(kinds[type(argument)](argument))
    function(*taken)


def words(key, c1, c2, n):
    """The first n words of a stream."""
    out = np.empty(-(-n // 4) * 4, np.uint64)
    call("philox", key, c1, c2, 0, out, n)
    return out[:n]


def in_order(key, epoch, rows, bits=None):
    """Rows in an epoch's order, and the words by which they are sorted."""
    room = room_for_order(len(rows))
    shift = room["shift"] if bits is None else 64 - bits
    call("put_in_order", key, epoch, rows, len(rows), room["drawn"], room["sorted"],
         room["counts"], shift, room["order"])  # fmt: skip
    return room["order"], room["drawn"]


def bent(name, z, bias=0.0, alpha=1.0):
    """f(z + bias) and f'(z + bias) of compiled loops, (N,)."""
    rows = -(-len(z) // ROW)
    h = np.zeros(rows * ROW, z.dtype)
    h[: len(z)] = z
    slopes = np.full_like(h, 9)
    biases = np.full(rows, bias, z.dtype)
    call("bend", h, slopes, biases, rows, ROW, ROW, CURVES.index(name), float(alpha),
         dtype=z.dtype)  # fmt: skip
    return h[: len(z)], slopes[: len(z)]
