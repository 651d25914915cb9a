"""The most memory that this process took for a while, on its device."""

from __future__ import annotations

import contextlib

import torch

from mlplab.engine.heap import give_back
from mlplab.theory.resident import forget_peak, peak_bytes, resident_bytes


class Peak:
    """The most memory taken since `begin`, above what was taken when it was made.

    On a GPU that of torch's allocator, elsewhere the resident set, where the system tells it.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._base: int | None = None
        if device != "cpu":
            self._base = torch.cuda.memory_allocated(device)
            return
        with contextlib.suppress(OSError):
            forget_peak()
            give_back()
            self._base = resident_bytes()

    def begin(self) -> None:
        """Forget what was taken for a while until now."""
        if self._device != "cpu":
            torch.cuda.reset_peak_memory_stats(self._device)
        elif self._base is not None:
            give_back()
            forget_peak()

    def bytes(self) -> int | None:
        """Return it; None where the system does not tell."""
        if self._base is None:
            return None
        if self._device != "cpu":
            return int(torch.cuda.max_memory_allocated(self._device)) - self._base
        return max(0, peak_bytes() - self._base)
