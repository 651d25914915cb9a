"""What stacks take from the compiled loops: words of noise by key, and dropout in one pass."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

from mlplab.engine.native.library import declined, library, missing


@lru_cache(maxsize=1)
def compiled_philox() -> Any:
    """Return `philox(key, layer, step, example, out, n)`, with pointers; None without a library.

    It writes the words that numpy's Philox draws, in two thirds of the time.
    """
    return _function("philox", None, "piiipi")


@lru_cache(maxsize=2)
def compiled_drop(dtype: str) -> Any:
    """Return `drop_slots` of `kernel/network.h` for float32 or float64; None without a library."""
    return _function("drop_slots", dtype, "ppppiippp")


def _function(name: str, dtype: str | None, arguments: str) -> Any:
    if declined() or missing():
        return None
    kinds = {"p": ctypes.c_void_p, "i": ctypes.c_int64}
    function = library().function(name, dtype)
    function.argtypes, function.restype = [kinds[one] for one in arguments], None
    return function
