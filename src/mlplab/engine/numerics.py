"""The numerics profile: what makes a run's bits independent of its companions.

Changed in the calling process, unless `MLPLAB_NUMERICS=loop` declines it: the environment variable
`MKL_CBWR` is set before the first matrix product, which asks MKL for one fixed kernel per
instruction set. While runs train, torch uses one thread; the caller's number is put back after.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import torch

from mlplab.specs import Provenance
from mlplab.version import ENGINE_VERSION

Kernels = Literal["stacked", "loop"]

# From MKL's public header mkl_types.h: the modes in which results do not depend on alignment
# or on the number of rows and columns beside one's own.
_STRICT = 0x10000
_BRANCHES = ("AVX512", "AVX2")


def _has_mkl() -> bool:
    return bool(torch.backends.mkl.is_available())  # type: ignore[no-untyped-call]


def _branch() -> str | None:
    if not _has_mkl() or platform.machine() not in ("x86_64", "AMD64"):
        return None
    capability = torch.backends.cpu.get_cpu_capability()
    return capability if capability in _BRANCHES else None


@lru_cache(maxsize=1)
def kernel_kind() -> Kernels:
    """Choose the matrix kernels for this process, once; sets `MKL_CBWR` where it helps.

    `stacked`: one product over several runs gives each the bits of its own product; chosen where
    MKL offers a strict mode and a probe of shapes known to be delicate finds no mismatch.
    `loop`: one product per run, correct everywhere and slower for small networks; also where a
    product was computed before this question was asked, which has fixed MKL's mode already.
    """
    branch = _branch()
    if os.environ.get("MLPLAB_NUMERICS") == "loop" or branch is None:
        return "loop"
    before = os.environ.get("MKL_CBWR")
    os.environ.setdefault("MKL_CBWR", f"{branch},STRICT")
    with single_thread():
        if _mode_is_strict() and _probe():
            return "stacked"
    if before is None:
        # Worker processes inherit the environment, and must compute as this process does.
        del os.environ["MKL_CBWR"]
    return "loop"


def _mode_is_strict() -> bool:
    """Ask MKL itself, where the build exports the question; a mode set too late shows here."""
    folder = os.path.join(os.path.dirname(torch.__file__), "lib")
    for name in ("libtorch_cpu.so", "torch_cpu.dll", "libtorch_cpu.dylib"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with contextlib.suppress(OSError, AttributeError):
                mode: int = ctypes.CDLL(path).mkl_serv_cbwr_get(-1)
                # Other makers' processors get the automatic branch, made strict.
                return bool(mode & _STRICT)
    return True


def _probe() -> bool:
    """Compare stacked products with a run's own, on shapes that differ without a strict mode."""
    generator = torch.Generator().manual_seed(0)
    single, double = torch.float32, torch.float64
    for runs, out, inputs, batch in ((20, 1, 100, 16), (5, 5, 512, 16), (3, 65, 784, 16)):
        for dtype in (single, double):
            weight = torch.randn(runs, out, inputs, generator=generator, dtype=dtype)
            hidden = torch.randn(runs, inputs, batch, generator=generator, dtype=dtype)
            some = torch.bmm(weight[1:3], hidden[1:3])
            if not torch.equal(torch.bmm(weight, hidden)[1:3], some):
                return False
    for rows, inputs, batch in ((256, 784, 256), (24, 33, 48), (16, 330, 64)):
        weight = torch.randn(4 * rows, inputs, generator=generator, dtype=single)
        x = torch.randn(batch, inputs, generator=generator, dtype=single)
        if not torch.equal((weight @ x.t())[rows : 2 * rows], weight[rows : 2 * rows] @ x.t()):
            return False
    return True


@lru_cache(maxsize=1)  # the environment may change later; what MKL took from it does not
def _profile() -> str:
    kind = kernel_kind()
    blas = os.environ.get("MKL_CBWR", "default") if _has_mkl() else "blas"
    return f"{kind}-{blas.lower()}"


@lru_cache(maxsize=4)
def provenance(device: str = "cpu") -> Provenance:
    """Return where this process's bits come from: machine kind, torch, numerics, engine."""
    if device != "cpu":
        name = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
        return Provenance(name, torch.__version__, f"{device}-tolerance", ENGINE_VERSION)
    capability = torch.backends.cpu.get_cpu_capability()
    return Provenance(
        machine=f"{platform.machine()}-{capability.lower()}",
        torch=torch.__version__,
        numerics=_profile(),
        engine=ENGINE_VERSION,
    )


@contextlib.contextmanager
def single_thread() -> Iterator[None]:
    """Let torch use one thread inside the block; the caller's number comes back after it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def training_mode(device: torch.device) -> Iterator[None]:
    """Compute on one thread, on `device`, without autograd; inside the block only."""
    with single_thread(), torch.inference_mode():
        if torch.get_default_device() == device:
            yield  # entering a device costs two microseconds on each call into torch
        else:
            with device:
                yield
