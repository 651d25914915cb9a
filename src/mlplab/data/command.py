"""Running a tool that fetches something: in a folder of its own, with a time limit, one reason."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mlplab.data.files import SourceError


def run_tool(
    command: Sequence[str], work: Path, seconds: float, marks: tuple[str, ...], name: str = ""
) -> None:
    """Run a command in the folder `work`, without input and in plain English.

    Args:
        command: the program and its arguments.
        work: the folder it runs in.
        seconds: how long it may take.
        marks: how the lines begin that say what went wrong; the last such line is the reason.
        name: what the tool is called in an error; by default the program.

    Raises:
        SourceError: it cannot run, takes too long or fails.
    """
    name = name or command[0]
    try:
        done = subprocess.run(
            list(command),
            cwd=work,
            env=os.environ | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"{name} took more than {seconds:g} s") from None
    except OSError as problem:
        raise SourceError(f"{name} cannot run ({problem.strerror})") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith(marks)]
        reason = (lines or done.stderr.splitlines() or [f"exit code {done.returncode}"])[-1]
        raise SourceError(f"{name} failed ({reason[:160]})")
