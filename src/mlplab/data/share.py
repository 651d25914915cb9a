"""Handing a task to other processes: its arrays as files that each of them maps into memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.data.places import fresh_file
from mlplab.data.task import Task
from mlplab.errors import DataError


def share_task(task: Task, folder: str | Path, *, again: bool = False) -> dict[str, Any]:
    """Write the task's arrays to `folder`, once, and return a handle for `attach`.

    Files are named by content: sharing again, or a variant by `with_valid`, writes nothing. Arrays
    that are mapped from files already are referred to where they lie.

    Args:
        task: what to share; looks and `on_look` stay behind.
        folder: made where it is missing; the caller deletes it when nobody is attached.
        again: write every file even where there is one.

    Returns:
        JSON values.

    Raises:
        DataError: the folder cannot be written.
    """
    files = {} if again else dict(task._files)
    for name, array in task._arrays().items():
        if array is not None and name not in files:
            path = Path(folder).absolute() / f"{task.content[:16]}-{name}.npy"
            try:
                if again or not path.exists():
                    write_array(path, array)
            except OSError as problem:
                raise DataError(
                    f"{path}: cannot be written ({problem.strerror or problem})"
                ) from None
            files[name] = str(path)
    return {
        "name": task.name,
        "kind": task.kind,
        "n_classes": task.n_classes,
        "input_scale": task.input_scale,
        "valid": task.valid,
        "params": dict(task.params),
        "class_names": list(task.class_names) if task.class_names else None,
        "image_shape": list(task.image_shape) if task.image_shape else None,
        "source": task.source,
        "content": task.content,
        "files": files,
    }


def attach(handle: Mapping[str, Any]) -> Task:
    """Open a shared task: the arrays are mapped read-only, and the content is not hashed again.

    Args:
        handle: what `Task.share` returned, also after a trip through JSON.

    Raises:
        DataError: a file of the handle is missing, damaged, or not of the task.
    """
    arrays = {name: open_array(Path(path)) for name, path in handle["files"].items()}
    return Task(
        name=handle["name"],
        inputs=arrays["inputs"],
        targets=arrays["targets"],
        kind=handle["kind"],
        pool=arrays["pool"],
        n_classes=handle["n_classes"],
        input_scale=handle["input_scale"],
        weights=arrays.get("weights"),
        valid=handle["valid"],
        params=handle["params"],
        class_names=tuple(handle["class_names"]) if handle["class_names"] else None,
        image_shape=tuple(handle["image_shape"]) if handle["image_shape"] else None,
        source=handle["source"],
        _test=arrays["test"],
        _content=handle["content"],
        _files=handle["files"],
    )


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write one .npy file; it appears under its name only when it is complete."""
    with fresh_file(path) as draft, draft.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def open_array(path: Path) -> npt.NDArray[Any]:
    """Map one .npy file read-only; an empty array, which cannot be mapped, is read.

    Raises:
        DataError: it is missing, cut short or of another format.
    """
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        try:
            whole = np.load(path, allow_pickle=False)
            if whole.size == 0:
                return np.asarray(whole)
        except (OSError, ValueError, EOFError):
            pass
        raise DataError(f"{path}: missing, cut short or not a .npy file; share again") from None
    return np.asarray(mapped)
