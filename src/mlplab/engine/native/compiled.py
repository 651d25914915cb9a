"""How functions are compiled: once, kept on disk, without Python's lock while they run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def _sources() -> str:
    """Hash all that compiled functions are made of: the files of this folder and the rule above."""
    here = Path(__file__).parent
    files = [*sorted(here.glob("*.py")), here.parent / "divergence.py"]
    parts = (f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


SOURCES = _sources()


def _compiled(function: F, **options: Any) -> F:
    made: Any = njit(nogil=True, cache=True, error_model="numpy", _nrt=False, **options)(function)
    if hasattr(made, "_cache"):  # numba can be told to leave functions as they are
        # numba's own stamp is that of the function's file: what it calls may be of another.
        made._cache._cache_file._source_stamp = SOURCES
    kept: F = made
    return kept


def compiled(function: F) -> F:
    """Compile a function for the types that it is called with, when it is first called.

    The machine code is kept beside the source, or in the user's cache where that cannot be
    written, until any file that compiled functions are made of changes. Division by 0 gives
    infinity or NaN, as in numpy, so that loops become vectors. Compiled functions make no arrays:
    without numba's counting of references they are twice as fast for small models, and are
    compiled in half the time.
    """
    return _compiled(function)


def inlined(function: F) -> F:
    """Compile a function into each one that calls it: handing over arrays costs more than a sum."""
    return _compiled(function, forceinline=True)


def emitted(function: Callable[..., Any]) -> Any:
    """Make a function of machine code that it writes itself, for compiled functions to call."""
    return intrinsic(function)
