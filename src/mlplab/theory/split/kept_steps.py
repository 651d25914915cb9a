"""Where a split's checkpoints lie: a folder for each step that was kept, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlplab.errors import ConfigError, StoreError

_NOTE = "split.json"
_KEPT = 2  # the last, and one more for whoever reads while it is replaced


def last_step(folder: Path, key: str) -> tuple[Path, Mapping[str, Any]] | None:
    """Return the last checkpoint and what is noted with it; None where there is none.

    Args:
        folder: of the checkpoints.
        key: of the run that shall go on.

    Raises:
        ConfigError: it can be no folder to write to, or holds another run's checkpoints.
        StoreError: what is noted cannot be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ConfigError(f"checkpoint {folder}: no folder there ({problem.strerror})") from None
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"checkpoint {folder}: cannot be written to")
    steps = _finished(folder)
    if not steps:
        return None
    try:
        note = json.loads((steps[-1] / _NOTE).read_text(encoding="utf-8"))
        owner = note["run"]
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(f"{steps[-1]}: damaged; remove it, and the step before is used") from None
    if owner != key:
        raise ConfigError(
            f"checkpoint {folder}: it holds another run (data, network, optimiser, batch, epochs, "
            "dtype and seed make a run); give another folder"
        )
    return steps[-1], note


def unfinished(folder: Path) -> Path:
    """Return where a checkpoint is while it is being written."""
    return folder / "unfinished"


def begin_step(folder: Path) -> None:
    """Make an empty place for a checkpoint."""
    shutil.rmtree(unfinished(folder), ignore_errors=True)
    unfinished(folder).mkdir(parents=True)


def finish_step(folder: Path, step: int, note: Mapping[str, Any]) -> None:
    """Give what is written its name, as it is complete; let go of older ones."""
    part = unfinished(folder)
    (part / _NOTE).write_text(json.dumps(note), encoding="utf-8")
    place = folder / f"step-{step:08d}"
    # Of a name or none: a process that dies in between leaves the step before.
    shutil.rmtree(place, ignore_errors=True)
    part.rename(place)
    for old in _finished(folder)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _finished(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))
