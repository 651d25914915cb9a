"""torch's own generator, seeded by key for as long as a user's module draws from it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from mlplab.specs.keyed import philox


@contextlib.contextmanager
def keyed_noise(device: torch.device, seed: int, purpose: str, *place: int) -> Iterator[None]:
    """Let torch draw by the key (seed, purpose, place) inside the block.

    The global state is put back after it: it is neither read nor changed.

    Cost: about 40 microseconds.
    """
    number = int(philox(seed, purpose, *place).bit_generator.random_raw()) >> 1
    others = [] if device.type == "cpu" else [device]
    kind = "cuda" if device.type == "cpu" else device.type
    with torch.random.fork_rng(others, device_type=kind):
        torch.default_generator.manual_seed(number)
        if others:
            torch.get_device_module(device).manual_seed(number)
        yield
