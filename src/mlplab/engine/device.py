"""Devices by name."""

from __future__ import annotations

import warnings

import torch

from mlplab.errors import ConfigError


def device_of(name: str) -> torch.device:
    """Return a torch device that is there.

    Raises:
        ConfigError: no such device on this machine; the line says which there are.

    >>> device_of("cpu").type
    'cpu'
    """
    try:
        device = torch.device(name) if isinstance(name, str) else None
    except RuntimeError:
        device = None
    if device is None:
        raise ConfigError(f"device: expected cpu, cuda, cuda:0, mps, ...; got {name!r}")
    there = _devices()
    if str(device) not in there:
        raise ConfigError(
            f"device: {name!r} is not available here (there is: {', '.join(there)}); "
            "try --device cpu"
        )
    return device


def _devices() -> list[str]:
    """Return the names of what can compute here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of a driver that does not fit
        cuda = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
    there = ["cpu", *(["cuda"] if cuda else []), *(f"cuda:{number}" for number in cuda)]
    return there + (["mps", "mps:0"] if torch.backends.mps.is_available() else [])


def sum_dtype(device: torch.device) -> torch.dtype:
    """Return the type in which sums over examples are kept: float64 where the device has it."""
    return torch.float32 if device.type == "mps" else torch.float64
