"""Returning freed heap pages to the system (glibc's `malloc_trim`)."""

from __future__ import annotations

import contextlib
import ctypes
from functools import lru_cache
from typing import Any

_MMAP_THRESHOLD = -3  # malloc.h


def map_large_arrays(n_bytes: int = 2**20) -> None:
    """Take arrays from this size on from the system and give them back when they are freed.

    Without it they come, after the first, from the heap, where gaps between them stay (measured
    in a pipeline's stage: 195 MB in place of 114).
    """
    with contextlib.suppress(AttributeError, OSError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, n_bytes)


@lru_cache(maxsize=1)
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):  # another C library than glibc
        return None


def give_back() -> None:
    """Return free pages to the system.

    Between two stacks, that is: arrays of up to 32 MB come from a heap with gaps, where those of
    the next stack need not fit (measured: twice the memory).
    """
    trim = _trim()
    if trim is not None:
        trim(0)
