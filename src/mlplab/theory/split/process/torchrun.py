"""A split whose processes torchrun has started: each of them runs the same command."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from mlplab.data import Task
from mlplab.errors import MlplabError, WorkerError
from mlplab.theory.split.job import Job
from mlplab.theory.split.process.training import train_part
from mlplab.theory.split.split import Training, training

_MEETING_SECONDS = 120.0  # packages may come from a slow disk, or beside much other work
_STORE_SECONDS = 5.0


def train_alone(job: Job, task: Task) -> Training:
    """Train in this process alone, before `peers`; each process does the same."""
    store = dist.HashStore()  # type: ignore[attr-defined]
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        return training(job, task, [train_part(job, task, _tell_nobody)])
    finally:
        dist.destroy_process_group()


@contextlib.contextmanager
def peers(device: str, patience_seconds: float) -> Iterator[None]:
    """Meet the processes that torchrun started with this one.

    Raises:
        WorkerError: another process is gone or hangs; only in the first that notices, the others
            leave without a word.
    """
    warnings.filterwarnings("ignore", module=r"torch\.")
    torch.set_num_threads(1)
    backend = "gloo" if device == "cpu" else "nccl"
    _meet()
    try:
        dist.init_process_group(backend, timeout=timedelta(seconds=patience_seconds))
        yield
    except MlplabError:
        raise
    except RuntimeError as problem:
        if not _is_first_to_notice():
            os._exit(1)
        # Of gloo's line neither its source file nor its guesses.
        says = re.sub(r"\[\S+:\d+\] ", "", " ".join(str(problem).split()))
        says = says.partition(". ")[0]
        raise WorkerError(
            f"split: process {os.environ['RANK']} lost another, which is gone or has not answered "
            f"for {patience_seconds:g} s ({says})"
        ) from None
    dist.destroy_process_group()


def train_with_peers(job: Job, task: Task) -> Training:
    """Train this process's part; all processes return the same."""
    reports: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(reports, train_part(job, task, _tell_nobody))
    return training(job, task, reports)


def _tell_nobody(kind: str, content: Any) -> None:
    """Nobody asks for progress: torchrun watches."""


def _meet() -> None:
    """Wait until all processes are there: from then on a silent one hangs."""
    store = _store(_MEETING_SECONDS)
    store.set(_here(os.environ["RANK"]), "")
    names = [_here(rank) for rank in range(int(os.environ["WORLD_SIZE"]))]
    try:
        store.wait(names)
    except RuntimeError:
        if not _is_first_to_notice():
            os._exit(1)
        absent = [rank for rank, name in enumerate(names) if not store.check([name])]
        raise WorkerError(
            f"split: process {', '.join(map(str, absent))} has not come within "
            f"{_MEETING_SECONDS:g} s"
        ) from None


def _here(rank: object) -> str:
    return f"mlplab: {rank} is here"


def _store(seconds: float) -> Any:
    """Return torchrun's own store, which outlives the processes."""
    place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    limit = timedelta(seconds=seconds)
    return dist.TCPStore(*place, is_master=False, timeout=limit)  # type: ignore[attr-defined]


def _is_first_to_notice() -> bool:
    try:
        return bool(_store(_STORE_SECONDS).add("mlplab: noticed", 1) == 1)
    except RuntimeError:
        return os.environ["RANK"] == "0"
