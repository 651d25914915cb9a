"""The numerics profile: what makes a run's bits independent of its companions.

Nothing is changed for good in the calling process: matrix products come from an OpenBLAS of our
own; for what is put aside while runs train, see `surroundings`.
"""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from typing import Literal, get_args

import torch

from mlplab.engine.device import device_of
from mlplab.engine.kernels import runs_in_block
from mlplab.engine.native.coverage import COVERS, is_available
from mlplab.engine.openblas import openblas
from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.specs import Provenance
from mlplab.version import ENGINE_VERSION

Kernels = Literal["openblas", "loop"]
DeviceKernels = Literal["device", "tf32", "bf16"]
_NUMERICS = (*get_args(Kernels), *get_args(DeviceKernels))


def asked_numerics() -> str:
    """Return what the environment variable `MLPLAB_NUMERICS` asks for; empty where nothing is said.

    Raises:
        ConfigError: another word.
    """
    asked = os.environ.get("MLPLAB_NUMERICS", "")
    if asked and asked not in _NUMERICS:
        raise ConfigError(f"MLPLAB_NUMERICS: {expected(asked, _NUMERICS)}")
    return asked


@lru_cache(maxsize=1)
def kernel_kind() -> Kernels:
    """Choose the matrix kernels for this process, once.

    `openblas`: one call for all runs of a stack; chosen where there is an OpenBLAS for this
    machine and a probe finds each run's product independent of the others.
    `loop`: torch's product for each run, correct everywhere and slower for small networks; also
    where the environment variable `MLPLAB_NUMERICS` asks for it.
    """
    if asked_numerics() == "loop" or openblas() is None:
        return "loop"
    return "openblas"


def runs_per_block(width: int) -> int:
    """Return how many runs with a first layer of this width are multiplied as one, see `kernels`.

    Groups of runs with shared batches fill whole blocks.
    """
    blas = openblas()
    if kernel_kind() == "loop" or blas is None:
        return 1
    return runs_in_block(width, blas.block_rows)


def _profile() -> str:
    blas = openblas()
    compiled = f"-loops{COVERS}" if is_available() else ""
    if kernel_kind() == "loop" or blas is None:
        # torch's products have other bits with MKL than with another BLAS.
        mkl = "-mkl" if torch.backends.mkl.is_available() else ""  # type: ignore[no-untyped-call]
        return f"loop{mkl}{compiled}"
    return f"openblas-{blas.version}{compiled}-{blas.core.lower()}"


def device_kernels() -> DeviceKernels:
    """Return how devices other than the CPU multiply, as `MLPLAB_NUMERICS` asks for it.

    `device`: float32. `tf32`: float32 whose products see 11 bits of each factor, on NVIDIA's
    GPUs. `bf16`: products see 8 bits of each factor; weights, optimiser and all else are float32.
    Runs in float64 stay as they are.
    """
    asked = asked_numerics()
    return "tf32" if asked == "tf32" else "bf16" if asked == "bf16" else "device"


def provenance(device: str = "cpu") -> Provenance:
    """Return where this process's bits come from: machine kind, torch, numerics, engine.

    Raises:
        ConfigError: there is no such device here.
    """
    if isinstance(device, str) and device == "cpu":
        return _of_the_cpu()
    place = device_of(device)
    name = torch.cuda.get_device_name(place) if place.type == "cuda" else device
    kernels = device_kernels()
    profile = f"{device}-tolerance" if kernels == "device" else f"{device}-{kernels}-tolerance"
    return Provenance(name, torch.__version__, profile, ENGINE_VERSION)


@lru_cache(maxsize=1)
def _of_the_cpu() -> Provenance:
    capability = torch.backends.cpu.get_cpu_capability()
    return Provenance(
        machine=f"{platform.machine()}-{capability.lower()}",
        torch=torch.__version__,
        numerics=_profile(),
        engine=ENGINE_VERSION,
    )
