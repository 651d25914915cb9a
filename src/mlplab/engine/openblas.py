"""A private OpenBLAS: batched matrix products whose bits do not depend on the batch.

A copy of its own, on one thread: nothing changes for the caller's numpy, scipy and torch. One
call multiplies all runs of a stack; inside, OpenBLAS works slice by slice with the kernel that
the shape of a slice decides, so a slice has the bits that it has alone.
"""

from __future__ import annotations

import ctypes
import os
import platform
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mlplab.engine.environment import environment

_ROW_MAJOR, _AS_IS, _TRANSPOSED = 101, 111, 112
# Named rather than left to OpenBLAS, which takes new AVX-512 processors for AVX2 ones.
_CORES = {"AVX512": "SkylakeX", "AVX2": "Haswell"}
# Rows of one product over several runs; measured: a row's bits depend on its place among 5, 6, 7
# or 12 rows, not among 4 or 8.
_BLOCK_ROWS = {"SkylakeX": 4}
_MOST_BLOCK_ROWS = 8


class OpenBlas:
    """The library, as it was loaded."""

    def __init__(self, library: ctypes.CDLL) -> None:
        # One thread: two workers beat two threads by 20 %, on a busy machine by a factor of two.
        library.scipy_openblas_set_num_threads(1)
        self.core = _text(library.scipy_openblas_get_corename)
        self.version = _text(library.scipy_openblas_get_config).split()[1]
        self._single = _declared(library.scipy_cblas_sgemm_batch_strided, ctypes.c_float)
        self._double = _declared(library.scipy_cblas_dgemm_batch_strided, ctypes.c_double)

    @property
    def block_rows(self) -> int:
        """How many rows of narrow layers make one product, 4 or 8."""
        return _BLOCK_ROWS.get(self.core, _MOST_BLOCK_ROWS)

    def product(
        self,
        a: Tensor,
        b: Tensor,
        out: Tensor,
        *,
        a_t: bool = False,
        b_t: bool = False,
        add: bool = False,
    ) -> None:
        """out[r] = a[r] @ b[r], or added to out[r].

        Args:
            a: (R, M, K), or (R, K, M) with `a_t`; rows contiguous, as in all arguments.
            b: (R, K, N), or (R, N, K) with `b_t`; without its first dimension, shared by all r.
            out: (R, M, N), float32 or float64 like the others.
            a_t, b_t: take the transposed slices.
            add: add to what `out` holds.

        Cost: 2 R M N K operations; about 3 microseconds for the call.
        """
        n, rows, columns = out.shape
        multiply = self._single if out.dtype is torch.float32 else self._double
        multiply(
            _ROW_MAJOR,
            _TRANSPOSED if a_t else _AS_IS,
            _TRANSPOSED if b_t else _AS_IS,
            rows,
            columns,
            a.shape[1] if a_t else a.shape[2],
            1.0,
            # Pointers and strides rather than tensors: slices need not be neighbours, and a stride
            # of 0 shares inputs among runs without a copy.
            a.data_ptr(),
            a.stride(1),
            a.stride(0),
            b.data_ptr(),
            b.stride(-2),
            b.stride(0) if b.dim() == 3 else 0,
            1.0 if add else 0.0,
            out.data_ptr(),
            out.stride(1),
            out.stride(0),
            n,
        )


def _declared(function: Any, real: Any) -> Any:
    i, p = ctypes.c_int, ctypes.c_void_p
    function.argtypes = [i, i, i, i, i, i, real, p, i, i, p, i, i, real, p, i, i, i]
    function.restype = None
    return function


def _text(function: Any) -> str:
    function.restype = ctypes.c_char_p
    found: bytes = function()
    return found.decode()


@lru_cache(maxsize=1)
def openblas() -> OpenBlas | None:
    """Load the library, once; None where there is none for this machine, or it fails a probe."""
    try:
        # Found, not imported: importing it would load the library before its kernels are named.
        spec = find_spec("scipy_openblas32")
        folders = spec.submodule_search_locations if spec is not None else None
        found = [path for folder in folders or () for path in Path(folder).rglob("*openblas*")]
        path = next(path for path in sorted(found) if path.suffix in _SUFFIXES)
        with _environment():
            blas = OpenBlas(ctypes.CDLL(str(path)))
    except (OSError, AttributeError, StopIteration):
        return None
    return blas if _keeps_slices_apart(blas) else None


_SUFFIXES = (".so", ".dylib", ".dll")


def _environment() -> AbstractContextManager[None]:
    """What OpenBLAS reads while it is loaded; a user's own choice of kernels stands."""
    wanted = {"OPENBLAS_NUM_THREADS": "1"}
    capability = torch.backends.cpu.get_cpu_capability()
    if platform.machine() in ("x86_64", "AMD64") and capability in _CORES:
        wanted["OPENBLAS_CORETYPE"] = os.environ.get("OPENBLAS_CORETYPE", _CORES[capability])
    return environment(wanted)


def _keeps_slices_apart(blas: OpenBlas) -> bool:
    """Compare products of several runs with a run's own, and rows of a block with each other."""
    # Delicate shapes: few rows, a single one, one more than a multiple of a tile.
    generator = torch.Generator().manual_seed(0)
    for dtype in (torch.float32, torch.float64):
        for n, out, inputs, batch in ((3, 5, 100, 16), (2, 65, 784, 48), (5, 1, 33, 64)):
            weight = torch.randn(n, out, inputs, generator=generator, dtype=dtype)
            x = torch.randn(batch, inputs, generator=generator, dtype=dtype)
            together, alone = torch.empty(2, n, out, batch, dtype=dtype)
            blas.product(weight, x, together, b_t=True)
            for r in range(n):
                blas.product(weight[r : r + 1].clone(), x, alone[r : r + 1], b_t=True)
            block = weight[:1, :1].expand(1, blas.block_rows, inputs).contiguous()
            rows = torch.empty(1, blas.block_rows, batch, dtype=dtype)
            blas.product(block, x, rows, b_t=True)
            if not torch.equal(together, alone) or not (rows == rows[:, :1]).all():
                return False
    return True
