"""What a process's steps take and send."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import torch.distributed as dist

from mlplab.theory.split.process.traffic import Traffic, bytes_written


class Costs:
    """Medians over the steps that were clocked, and the traffic of the one that was counted."""

    def __init__(self) -> None:
        self._traffic = Traffic(dist.get_world_size())
        self._seconds: list[float] = []
        self._cpu_seconds: list[float] = []
        self._written: list[int] = []

    def count(self) -> Traffic:
        """Return what counts the bytes sent within it; it slows every operation."""
        return self._traffic

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Clock a step, and note what the system says that it wrote."""
        written, cpu, start = bytes_written(), time.process_time(), time.perf_counter()
        yield
        self._seconds.append(time.perf_counter() - start)
        self._cpu_seconds.append(time.process_time() - cpu)
        after = bytes_written()
        if written is not None and after is not None:
            self._written.append(after - written)

    def measured(self) -> dict[str, Any]:
        """Return what a step takes; None where no step was clocked, or the system does not tell."""
        return {
            "sent_bytes": self._traffic.sent,
            "calls": self._traffic.calls,
            "written_bytes": median(self._written) if self._written else None,
            "step_seconds": median(self._seconds) if self._seconds else None,
            "cpu_seconds": median(self._cpu_seconds) if self._cpu_seconds else None,
        }
