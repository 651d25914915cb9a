"""Random words by key inside compiled loops: numpy's Philox, number for number."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from mlplab.engine.native.compiled import compiled, emitted

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ROUNDS = 10
_MOST_BITS = 20


@emitted
def _high(typing: Any, a: Any, b: Any) -> Any:
    """The upper 64 bits of a product."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        a, b = (builder.zext(argument, wide) for argument in arguments)
        upper = builder.lshr(builder.mul(a, b), ir.Constant(wide, 64))
        return builder.trunc(upper, ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


@compiled
def _block(key: Any, block: int, c1: int, c2: int, c3: int) -> Any:
    """Four words: ten rounds over the counter (block + 1, c1, c2, c3)."""
    x0, x1 = np.uint64(block + 1), np.uint64(c1)
    x2, x3 = np.uint64(c2), np.uint64(c3)
    k0, k1 = key[0], key[1]
    for _ in range(_ROUNDS):
        high0, low0 = _high(_M0, x0), _M0 * x0
        high1, low1 = _high(_M1, x2), _M1 * x2
        x0, x1, x2, x3 = high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0
        k0 += _W0
        k1 += _W1
    return x0, x1, x2, x3


@compiled
def words(key: Any, c1: int, c2: int, c3: int, out: NDArray[np.uint64]) -> None:
    """Fill `out` as `specs.keyed.philox(...).bit_generator.random_raw` does at a place.

    Args:
        key: two 64-bit words, (2,).
        c1, c2, c3: the place.
        out: (N,).

    Cost: about 11 nanoseconds per word. Source: Salmon et al., Parallel random numbers, SC 2011.
    """
    whole = len(out) // 4
    for block in range(whole):
        x0, x1, x2, x3 = _block(key, block, c1, c2, c3)
        at = 4 * block
        out[at], out[at + 1], out[at + 2], out[at + 3] = x0, x1, x2, x3
    if 4 * whole < len(out):
        rest = _block(key, whole, c1, c2, c3)
        for i in range(len(out) - 4 * whole):
            out[4 * whole + i] = rest[i]


@compiled
def keys_of(key: Any, place: int, rows: NDArray[np.int64], out: NDArray[np.uint64]) -> None:
    """Write the words at the numbers `rows` of a stream into `out`; equals `words(...)[rows]`.

    Cost: rising rows share blocks of four; others take a block each.
    """
    last = np.int64(-1)
    x0, x1, x2, x3 = _block(key, 0, place, 0, 0)
    for i in range(len(rows)):
        block = rows[i] // 4
        if block != last:
            x0, x1, x2, x3 = _block(key, block, place, 0, 0)
            last = block
        within = rows[i] % 4
        low = x0 if within == 0 else x1
        high = x2 if within == 2 else x3
        out[i] = low if within < 2 else high


@compiled
def put_in_order(
    key: Any, epoch: int, rows: NDArray[np.int64], room: OrderRoom, out: NDArray[np.int64]
) -> None:
    """Write `rows` in one epoch's order into `out`; equals `engine.order.order`.

    Args:
        key: of (seed, "order"), (2,).
        epoch: from 0.
        rows: (N,).
        room: of `order_room`.
        out: (N,).

    Cost: about 1 microsecond for 100 rows: keys are evenly spread, so that their upper bits tell
    their places but for a few.
    """
    keys, ordered, counts, shift = room
    n = len(rows)
    keys_of(key, epoch, rows, keys)
    counts[:] = 0
    for i in range(n):
        counts[keys[i] >> shift] += 1
    at = np.int64(0)
    for part in range(len(counts)):
        here = counts[part]
        counts[part] = at
        at += here
    for i in range(n):
        part = keys[i] >> shift
        place = counts[part]
        counts[part] = place + 1
        ordered[place] = keys[i]
        out[place] = rows[i]
    for i in range(1, n):
        one, row = ordered[i], out[i]
        j = i
        while j > 0 and ordered[j - 1] > one:
            ordered[j], out[j] = ordered[j - 1], out[j - 1]
            j -= 1
        ordered[j], out[j] = one, row


class OrderRoom(NamedTuple):
    """Room for `put_in_order` of N rows: keys as drawn and in order, (N,), and a number for each
    value that a key's upper bits can have; `shift` leaves those bits.
    """

    keys: NDArray[np.uint64]
    ordered: NDArray[np.uint64]
    counts: NDArray[np.int64]
    shift: np.uint64


def order_room(n: int) -> OrderRoom:
    """Make room for the order of n rows."""
    bits = min(max(1, (n - 1).bit_length()), _MOST_BITS)
    keys = np.empty((2, n), np.uint64)
    return OrderRoom(keys[0], keys[1], np.empty(1 << bits, np.int64), np.uint64(64 - bits))
