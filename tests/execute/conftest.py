"""Jobs for workers, and a look at which processes are left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.execute.slurm_node import slurm, slurm_conf  # noqa: F401  (fixtures)

from mlplab.bench.process_memory import family


def worker_processes() -> set[int]:
    """Return the workers that this process has started and that are still there."""
    return {pid for pid in family(os.getpid()) if pid != os.getpid() and _is_worker(pid)}


def _is_worker(pid: int) -> bool:
    try:
        folder = Path(f"/proc/{pid}")
        command = (folder / "cmdline").read_bytes()
        parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        parents = Path(f"/proc/{parent}/cmdline").read_bytes()
    except OSError:
        return False
    if b"mlplab.execute.worker" in command:
        return True
    # Workers of a fork server have its command line; so has the server, but not its parent.
    return b"mlplab.execute.fork_server" in command and b"mlplab.execute.fork_server" in parents


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
