"""Memory of a process and all its children, each shared page counted once."""

from __future__ import annotations

import threading
from pathlib import Path

from mlplab.errors import MlplabError

PROC = Path("/proc")


def family(root: int, proc: Path = PROC) -> list[int]:
    """List a process and all its descendants, by their parents in `/proc/*/stat`."""
    children: dict[int, list[int]] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                # The name in brackets may hold spaces; the parent is the second word after it.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def proportional_bytes(pids: list[int], proc: Path = PROC) -> int:
    """Sum the proportional set sizes: a page shared by n processes counts 1/n in each.

    Processes that ended meanwhile count nothing.
    """
    total = 0
    for pid in pids:
        try:
            lines = (proc / str(pid) / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


class MemoryWatch:
    """Sample a process family while it works; `peak_bytes` is the largest sum seen.

    Raises:
        MlplabError: this system has no `/proc/*/smaps_rollup`.
    """

    def __init__(self, root: int, every_seconds: float = 0.1) -> None:
        if not (PROC / "self" / "smaps_rollup").exists():
            raise MlplabError("memory is measured from /proc/*/smaps_rollup, which needs Linux")
        self.peak_bytes = 0
        self._root = root
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.peak_bytes = max(self.peak_bytes, proportional_bytes(family(self._root)))
            self._stop.wait(self._every_seconds)
