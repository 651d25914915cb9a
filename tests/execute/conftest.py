"""Jobs for workers, and a look at which processes are left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest


def worker_processes() -> set[int]:
    """Return the workers that this process has started and that are still there."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if b"mlplab.execute.worker" in command and parent == os.getpid():
            found.add(int(folder.name))
    return found


@pytest.fixture(scope="session")
def workers_now() -> Callable[[], set[int]]:
    """Give the function that lists this process's workers."""
    return worker_processes


@pytest.fixture(autouse=True)
def no_process_is_left():
    """Whatever a test does, its workers are gone soon after."""
    yield
    deadline = time.monotonic() + 10
    while worker_processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not worker_processes()
