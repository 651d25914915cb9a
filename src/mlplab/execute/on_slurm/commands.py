"""Slurm's own commands: submitting array jobs, asking which live, cancelling them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlplab.errors import ConfigError, WorkerError
from mlplab.execute.on_slurm.spool import PREFIX
from mlplab.specs.clusters import Slurm

_COMMAND_SECONDS = 60.0
# What Slurm says where its controller cannot be reached: no setting would help.
_SILENT = re.compile(r"contact|connect|timed out", re.IGNORECASE)
# Before the time limit: Slurm may send a signal up to a minute early, and never late.
_WARNING_SECONDS = 60
_SCRIPT = """#!/bin/sh
# Until the program minds it, the signal of the time limit must not end it.
trap '' USR1
{environment}
exec {python} -P -m mlplab.execute.on_slurm.task {folder}
"""


def check_slurm() -> None:
    """Refuse a machine without Slurm's commands.

    Raises:
        ConfigError: there are none.
    """
    if shutil.which("sbatch") is None:
        raise ConfigError(
            "on slurm: there is no sbatch here; use a machine from which jobs are submitted, or "
            "--on ray, or this machine (--on here)"
        )


def write_script(script: Path, environment: Mapping[str, str]) -> Path:
    """Write what each task of the job in this folder runs."""
    lines = [f"export {name}={shlex.quote(text)}" for name, text in environment.items()]
    script.write_text(
        _SCRIPT.format(
            environment="\n".join(lines),
            python=shlex.quote(sys.executable),
            folder=shlex.quote(str(script.parent)),
        )
    )
    return script


def submit(script: Path, n_tasks: int, settings: Slurm, at_once: int | None = None) -> str:
    """Submit an array job; its name is that of the script's folder.

    Args:
        script: what each task runs.
        n_tasks: from 1.
        settings: partition, time, cores.
        at_once: tasks that may run at a time; None leaves that to Slurm.

    Returns:
        The job's number.

    Raises:
        ConfigError: Slurm refuses it.
        WorkerError: it cannot be reached.
    """
    folder = script.parent
    # A minute's warning is no use to a task of a minute.
    warning = min(_WARNING_SECONDS, settings.seconds // 2)
    options = [
        f"--job-name={folder.name}",
        f"--array=0-{n_tasks - 1}" + (f"%{at_once}" if at_once else ""),
        f"--output={str(folder).replace('%', '%%')}/log/%a.txt",
        "--open-mode=append",
        "--ntasks=1",
        f"--cpus-per-task={settings.cpus}",
        f"--time={settings.time}",
        f"--signal=B:USR1@{warning}",
        "--requeue",
    ]
    if settings.partition:
        options.append(f"--partition={settings.partition}")
    if settings.gpus:
        options.append(f"--gpus={settings.gpus}")
    done = _run(["sbatch", "--parsable", *options, str(script)])
    if done.returncode:
        says = _says(done)
        kind = WorkerError if _SILENT.search(says) else ConfigError
        raise kind(f"on slurm: sbatch refuses the job: {says}")
    return done.stdout.strip().partition(";")[0]


def alive() -> dict[str, dict[int, str]] | None:
    """Return the tasks of our jobs that wait or run, by the job's name; None if Slurm is silent.

    Each has Slurm's word for why it waits; that of one that runs is `None`.
    """
    done = _run(["squeue", "--me", "--array", "--noheader", "--format=%j %K %r"])
    if done.returncode:
        return None
    tasks: dict[str, dict[int, str]] = {}
    for line in done.stdout.splitlines():
        fields = line.split(maxsplit=2)
        if len(fields) == 3 and fields[0].startswith(PREFIX) and fields[1].isdigit():
            tasks.setdefault(fields[0], {})[int(fields[1])] = fields[2].strip()
    return tasks


def cancel(names: Sequence[str]) -> None:
    """Take waiting tasks back, and ask those that run to leave checkpoints and end."""
    for name in names:
        _run(["scancel", "--me", f"--name={name}", "--state=PENDING"])
        _run(["scancel", "--me", f"--name={name}", "--batch", "--signal=TERM"])


def requeue(job: str) -> bool:
    """Put the task that asks for it back into the queue; whether Slurm does."""
    return _run(["scontrol", "requeue", job]).returncode == 0


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",  # the user's other jobs may be called anything
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer in {_COMMAND_SECONDS:g} s")
    except OSError as problem:
        raise WorkerError(f"on slurm: {command[0]}: {problem.strerror}") from None


def _says(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
    return "; ".join(re.sub(r"^\w+: (?:error|fatal): ", "", line) for line in lines)
