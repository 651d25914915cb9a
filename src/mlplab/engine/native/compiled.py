"""How functions are compiled: once, kept on disk, without Python's lock while they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function for the types that it is called with, when it is first called.

    The machine code is kept beside the source, or in the user's cache where that cannot be
    written. Division by 0 gives infinity or NaN, as in numpy, so that loops become vectors.
    Compiled functions make no arrays: without numba's counting of references they are twice as
    fast for small models, and are compiled in half the time.
    """
    made: F = njit(nogil=True, cache=True, error_model="numpy", _nrt=False)(function)
    return made


def inlined(function: F) -> F:
    """Compile a function into each one that calls it: handing over arrays costs more than a sum."""
    made: F = njit(nogil=True, cache=True, error_model="numpy", _nrt=False, forceinline=True)(
        function
    )
    return made


def emitted(function: Callable[..., Any]) -> Any:
    """Make a function of machine code that it writes itself, for compiled functions to call."""
    return intrinsic(function)
