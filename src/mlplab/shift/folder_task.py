"""Folders of images as a task: what a population trains on, by features or by pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.data.arrays import task_from_arrays
from mlplab.data.task import Task
from mlplab.errors import ConfigError, DataError
from mlplab.experiment.progress import ProgressOption
from mlplab.shift.features.image_features import image_features
from mlplab.shift.images.folder import ImageFolder, image_folder

if TYPE_CHECKING:
    from torch import nn

    from mlplab.shift.features.extractor import Extractor


def image_task(
    folder: str | Path,
    test: str | Path | None = None,
    *,
    extractor: str | Extractor | nn.Module = "efficientnet-lite0",
    preprocess: Any = None,
    side: int = 32,
    valid: float | int = 0.0,
    name: str | None = None,
    progress: ProgressOption = True,
) -> Task:
    """Return a folder of images, one sub-folder a class, as a task of classification.

    Args:
        folder: of the training pool; `image_folder` says what counts.
        test: of the test split, with the same classes or some of them.
        extractor: what a row is; see `image_features`. `"pixels"` keeps bytes, (3, side, side) of
            each image flattened, which `shift` and `flip` move as images.
        preprocess: for a torch module.
        side: for pixels: rows and columns that each image is resized to.
        valid: share (below 1) or count (from 1) of the pool held out for validation.
        name: what the task is called; by default the folder's name.
        progress: True for a bar, False for none, or what is called with an `ImageProgress`.

    Returns:
        A task whose `source` is the folder. Its content, not the folder's name, is in a run's key.

    Raises:
        DataError: no images, no classes, fewer than two, or test images of other classes; an image
            that does not decode.
        ConfigError: an unknown extractor, or one that is not installed; a side below 1.

    >>> image_task("no such folder")
    Traceback (most recent call last):
    mlplab.errors.DataError: no such folder: expected a folder of images; nothing is there
    """
    folders = [image_folder(folder), *([] if test is None else [image_folder(test)])]
    classes = _class_names(folders)
    ids = {name: i for i, name in enumerate(classes)}
    if isinstance(side, bool) or not isinstance(side, int) or side < 1:
        raise ConfigError(f"side: expected a whole number from 1; got {side!r}")
    parts: list[Any] = []
    for images in folders:
        inputs: Any
        if extractor == "pixels":
            inputs = np.moveaxis(images.arrays(side, side), -1, 1)
        else:
            inputs = image_features(
                images, extractor, preprocess=preprocess, progress=progress
            ).values
        parts += [inputs, [ids[name] for name in images.classes or ()]]
    task = task_from_arrays(
        *parts,
        valid=valid,
        name=name or folders[0].folder.resolve().name,
        kind="classification",
        class_names=classes,
    )
    shape = (side, side) if extractor == "pixels" else None
    return replace(task, image_shape=shape, source=str(folder))


def _class_names(folders: list[ImageFolder]) -> tuple[str, ...]:
    for images in folders:
        if images.classes is None:
            raise DataError(
                f"{images.folder}: images lie in no sub-folders; a task of classification needs "
                "one for each class"
            )
    classes = folders[0].class_names
    if len(classes) < 2:
        raise DataError(
            f"{folders[0].folder}: expected two classes or more, a sub-folder each; got one, "
            f"{classes[0]!r}"
        )
    for images in folders[1:]:
        strange = [name for name in images.class_names if name not in classes]
        if strange:
            raise DataError(
                f"{images.folder}: class {strange[0]!r} is not among those to train on: "
                f"{', '.join(classes)}"
            )
    return classes
