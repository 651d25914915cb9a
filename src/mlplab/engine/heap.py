"""Returning freed heap pages to the system (glibc's `malloc_trim`)."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any


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
