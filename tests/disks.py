"""A file system of two megabytes, to be filled."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of two megabytes."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own needs more rights")
    yield tmp_path
    # What still holds a file there is let go of later: it must not fail the test.
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
