"""A shared task opened in another process: its arrays are files, mapped into memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlplab.data.array_files import open_array
from mlplab.data.task import Task
from mlplab.errors import DataError


def attach(handle: Mapping[str, Any], *, check: bool = False) -> Task:
    """Open a shared task: the arrays are mapped read-only.

    Args:
        handle: what `Task.share` returned, also after a trip through JSON.
        check: hash the content again, as where a disk may have lost what was written to it.

    Raises:
        DataError: a file of the handle is missing, damaged, or not of the task.
    """
    arrays = {name: open_array(Path(path)) for name, path in handle["files"].items()}
    task = Task(
        name=handle["name"],
        inputs=arrays["inputs"],
        targets=arrays["targets"],
        kind=handle["kind"],
        pool=arrays["pool"],
        n_classes=handle["n_classes"],
        input_scale=handle["input_scale"],
        weights=arrays.get("weights"),
        soft=arrays.get("soft"),
        valid=handle["valid"],
        params=handle["params"],
        class_names=tuple(handle["class_names"]) if handle["class_names"] else None,
        image_shape=tuple(handle["image_shape"]) if handle["image_shape"] else None,
        source=handle["source"],
        _test=arrays["test"],
        _content=None if check else handle["content"],
        _files=handle["files"],
    )
    if task.content != handle["content"]:
        raise DataError(
            f"{Path(handle['files']['inputs']).parent}: data that are not those that were shared; "
            "share them again"
        )
    return task
