"""Commands whose input or outputs whoever started them left closed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_error(closed: str, tmp_path: Path) -> None:
    train = "train xor --hidden 4 --epochs 1 --seeds 2"
    # Workers, which inherit what this process was given.
    environment = os.environ | {"MLPLAB_WORKERS": "2", "MLPLAB_STORE": str(tmp_path / "s.sqlite")}
    command = f'exec "$0" -m mlplab {train} {closed}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "error" not in done.stderr


def test_a_mistake_is_said_where_the_output_is_closed(tmp_path: Path) -> None:
    command = f'exec "$0" -m mlplab runs --store {tmp_path}/none.sqlite >&-'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("mlplab: error: there is no store")
