"""Bytes that a process sends: counted call by call, and as the system says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor
from torch.utils._python_dispatch import TorchDispatchMode

# Bytes that each of P processes sends around a ring, by the bytes that a call is given.
_SENT: dict[str, Callable[[int, int], float]] = {
    "c10d.send.default": lambda size, p: size,
    "c10d.recv_.default": lambda size, p: 0,
    "c10d.allreduce_.default": lambda size, p: 2 * (p - 1) / p * size,
    "_c10d_functional.all_reduce.default": lambda size, p: 2 * (p - 1) / p * size,
    "_c10d_functional.all_gather_into_tensor.default": lambda size, p: (p - 1) * size,
    "_c10d_functional.wait_tensor.default": lambda size, p: 0,
    "_c10d_functional._wrap_tensor_autograd.default": lambda size, p: 0,
}


class Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within it, every call that sends something is counted.

    Attributes:
        sent: bytes that this process sends.
        calls: of each operation, how many.
    """

    def __init__(self, n_processes: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sent = 0.0
        self.calls: dict[str, int] = {}
        self._n_processes = n_processes

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        """Count a call and let it happen."""
        name = str(func)
        if "c10d" in name:
            # A call that is not known would go uncounted: a KeyError is better than a low number.
            self.sent += _SENT[name](_size(args[0]), self._n_processes)
            self.calls[name] = self.calls.get(name, 0) + 1
        if any(issubclass(kind, DTensor) for kind in types):
            return NotImplemented  # what it does within each process comes here again
        return func(*args, **(kwargs or {}))


def _size(given: Any) -> int:
    tensors = given if isinstance(given, list | tuple) else [given]
    return sum(t.numel() * t.element_size() for t in tensors if isinstance(t, torch.Tensor))


def bytes_written() -> int | None:
    """Return how much this process has ever written, sockets included; None where it is not known.

    Gloo writes its messages with `writev`, and Linux counts what a process writes.
    """
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("wchar:")), None)
