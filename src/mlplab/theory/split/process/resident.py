"""Memory of this process: what it takes, and the most that it took since it was asked."""

from __future__ import annotations

from pathlib import Path

import torch

from mlplab.engine.heap import give_back

_PROC = Path("/proc/self")


class Peak:
    """The most memory taken since `begin`, above what was taken when it was made.

    On a GPU that of torch's allocator, elsewhere the resident set, where the system tells it.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._base: int | None = None
        if device != "cpu":
            self._base = torch.cuda.memory_allocated(device)
        elif _forget_peak():
            give_back()
            self._base = _status("VmRSS")

    def begin(self) -> None:
        """Forget what was taken for a while until now."""
        if self._device != "cpu":
            torch.cuda.reset_peak_memory_stats(self._device)
        elif self._base is not None:
            give_back()
            _forget_peak()

    def bytes(self) -> int | None:
        """Return it; None where the system does not tell."""
        if self._base is None:
            return None
        if self._device != "cpu":
            return int(torch.cuda.max_memory_allocated(self._device)) - self._base
        return max(0, _status("VmHWM") - self._base)


def _forget_peak() -> bool:
    try:
        (_PROC / "clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _status(field: str) -> int:
    for line in (_PROC / "status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise OSError(f"/proc/self/status: no {field}")
