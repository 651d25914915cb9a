"""The library of compiled loops: which of its instruction sets this process runs, or why none."""

from __future__ import annotations

import ctypes
import logging
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mlplab.engine.native.sources import hash_sources

log = logging.getLogger(__name__)
KERNEL = Path(__file__).parent / "kernel"
LEVELS = {4: "v4", 3: "v3", 1: "v8"}  # as `loops_level` numbers them: x86-64 levels, 64-bit ARM
SUFFIXES = {"float32": "f32", "float64": "f64"}
_TYPES = {"Int": ctypes.c_int64, "double": ctypes.c_double}
_ELEMENTS = {"Int": "int64", "Word": "uint64", "double": "float64", "Byte": "uint8"}
_ELEMENTS |= {"Layer": "int64"}


class Unusable(Exception):
    """There is no library here, or not one that this process can use; its text says why."""


class Library:
    """A built library at one instruction set.

    Args:
        path: where it lies.
        level: one of `LEVELS`; by default the best that the processor can run.

    Attributes:
        level: its instruction set.
        fields: what a job is given, by name: the kind of a number, or of an array's elements
            ("real" for those of the program's dtype), and whether it is an array.
        arrays: the names of fields that are.

    Raises:
        Unusable: the file is not there, cannot be loaded, was built from other sources, or does not
            lay out a job as this Python does; or the processor cannot run it.
    """

    def __init__(self, path: Path, level: str | None = None) -> None:
        try:
            self._library = ctypes.CDLL(str(path))
            best = self._library.loops_level()
        except (OSError, AttributeError) as problem:
            reason = problem if path.exists() else "it has not been built; `pip install -e .` does"
            raise Unusable(f"{path.name}: {reason}") from None
        if best not in LEVELS:
            raise Unusable("the processor has no fused products (AVX2 and FMA)")
        if hash_sources(KERNEL) not in ("", self._text("loops_sources")):
            raise Unusable(f"{path.name} was built from other sources; run pip install -e .")
        self.level = level or LEVELS[best]
        self.fields = dict(map(_field, self._text("loops_fields").split(";")[:-1]))
        self.arrays = [name for name, (_, is_array) in self.fields.items() if is_array]
        pointer = ctypes.c_void_p
        fields = [(n, pointer if many else _TYPES[kind]) for n, (kind, many) in self.fields.items()]
        self.job_type: Any = type("Job", (ctypes.Structure,), {"_fields_": fields})
        mine = [getattr(self.job_type, name).offset for name in self.fields]
        mine += [ctypes.sizeof(self.job_type), 6 * 8]  # a layer is a row of six numbers
        kind = ctypes.c_int64 * len(mine)
        if list(kind.in_dll(self._library, "loops_offsets")) != mine:
            raise Unusable(f"{path.name} lays out its arguments in another way")

    def _text(self, name: str) -> str:
        first = ctypes.c_char.in_dll(self._library, name)
        return ctypes.string_at(ctypes.addressof(first)).decode()

    def function(self, name: str, dtype: str | None = None) -> Any:
        """Return a function of the library at this level, of one precision or of none."""
        kind = "" if dtype is None else f"_{SUFFIXES[np.dtype(dtype).name]}"
        return getattr(self._library, f"{name}{kind}_{self.level}")


def _field(declared: str) -> tuple[str, tuple[str, bool]]:
    """Read a field as C declares it: its name, what it holds, and whether it is an array."""
    kind, name = declared.rsplit(" ", 1)
    bare = kind.removeprefix("const ").removesuffix(" *")
    is_array = kind.endswith("*")
    return name, (_ELEMENTS.get(bare, "real") if is_array else bare, is_array)


@lru_cache(maxsize=1)
def library() -> Library:
    """Return the library of this installation, or that at `MLPLAB_LOOPS` of the environment.

    Raises:
        Unusable: see `Library`.
    """
    return Library(Path(os.environ.get("MLPLAB_LOOPS", KERNEL / "loops.so")))


def declined() -> bool:
    """Say whether the environment variable `MLPLAB_NUMERICS=loop` declines all fast kernels."""
    return os.environ.get("MLPLAB_NUMERICS") == "loop"


@lru_cache(maxsize=1)
def missing() -> str:
    """Say why this process cannot run compiled loops; an empty text where it can."""
    try:
        library()
    except Unusable as problem:
        return str(problem)
    return ""


@lru_cache(maxsize=1)
def tell_missing() -> None:
    """Say once, in one line, that small models train more slowly than they could, and why."""
    if missing() and not declined():
        log.warning("mlplab: no compiled loops, so small models train more slowly: %s", missing())
