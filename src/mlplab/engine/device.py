"""Devices by name."""

from __future__ import annotations

import torch

from mlplab.errors import ConfigError


def device_of(name: str) -> torch.device:
    """Return a torch device that is there.

    Raises:
        ConfigError: no such device on this machine.

    >>> device_of("cpu").type
    'cpu'
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"device: expected cpu, cuda, cuda:0, mps, ...; got {name!r}") from None
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise ConfigError(f"device: {name!r} is not available here; try --device cpu")
    return device


def sum_dtype(device: torch.device) -> torch.dtype:
    """Return the type in which sums over examples are kept: float64 where the device has it."""
    return torch.float32 if device.type == "mps" else torch.float64
