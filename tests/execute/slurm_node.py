"""A Slurm of one node for tests, and why there is none where there is none."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from mlplab.execute.on_slurm import commands, driver

_TEST_SECONDS = 300
_SCRIPTS = Path(__file__).parents[1] / "slurm"


def reason_to_skip() -> str | None:
    """Say what is missing for a Slurm of this machine's own."""
    missing = [name for name in ("slurmctld", "slurmd", "munged") if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)}: on Debian, apt-get install slurm-wlm munge"
    return None if os.getuid() == 0 else "a Slurm of this machine's own needs root"


@pytest.fixture(scope="session")
def slurm_conf() -> Iterator[str]:
    """Start Slurm, and give the path of its configuration."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    # Not pytest's own folder: munge's user could not enter it.
    folder = tempfile.mkdtemp(prefix="mlplab-slurm-", dir="/tmp")
    try:
        yield subprocess.run(
            [_SCRIPTS / "start.sh", folder], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    finally:
        subprocess.run([_SCRIPTS / "stop.sh", folder], check=False, timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def slurm(slurm_conf: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty spool on a running Slurm, whose queue is asked often."""
    spool = tmp_path / "spool"
    monkeypatch.setenv("SLURM_CONF", slurm_conf)
    monkeypatch.setenv("MLPLAB_SPOOL", str(spool))
    monkeypatch.setattr(driver, "QUEUE_SECONDS", 0.3)
    monkeypatch.setattr(driver, "SETTLE_SECONDS", 0.5)
    with limit(_TEST_SECONDS):
        yield spool
    commands.cancel(list(commands.alive() or ()))
    wait_until(lambda: not commands.alive())


@contextmanager
def limit(seconds: int) -> Iterator[None]:
    """Make a failure of what would wait for Slurm without end."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"not over after {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def wait_until(holds, seconds: float = 60.0) -> None:
    """Wait until something holds; what never does is a failure, not a hang."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.05)
