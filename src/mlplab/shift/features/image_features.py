"""A folder of images as a table of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError
from mlplab.experiment.progress import ProgressOption
from mlplab.hints import hint
from mlplab.shift.features.batches import BATCH_SIZE, compute_features
from mlplab.shift.features.extractor import Extractor, pixels
from mlplab.shift.features.pretrained import efficientnet_lite0
from mlplab.shift.features.torchvision_network import resnet50
from mlplab.shift.images.folder import ImageFolder, image_folder

if TYPE_CHECKING:
    from torch import nn

EXTRACTORS = {"efficientnet-lite0": efficientnet_lite0, "pixels": pixels, "resnet50": resnet50}
"""What makes an extractor, by the name that users type."""


@final
@dataclass(frozen=True, slots=True)
class Features:
    """Images as rows of numbers.

    Attributes:
        values: (N, F) float32.
        files: names below the folder, (N,).
        classes: the class of each, (N,); None for a folder without classes.
    """

    values: npt.NDArray[np.float32]
    files: tuple[str, ...]
    classes: tuple[str, ...] | None


def image_features(
    folder: str | Path | ImageFolder,
    extractor: str | Extractor | nn.Module = "efficientnet-lite0",
    *,
    preprocess: Any = None,
    batch_size: int = BATCH_SIZE,
    cache: bool = True,
    progress: ProgressOption = True,
) -> Features:
    """Return the features of a folder's images; see `image_folder` and `compute_features`.

    Args:
        folder: with one sub-folder a class, or images alone.
        extractor: `"efficientnet-lite0"`, `"resnet50"`, `"pixels"`, an `Extractor`, or a torch
            module with `preprocess`.
        preprocess: for a module: a function of an image, (H, W, 3) bytes, that gives what the
            module takes, (C, H', W').
        batch_size: images at a time.
        cache: keep features in the user's cache, and use those that are kept.
        progress: True for a bar, False for none, or what is called with an `ImageProgress`.

    Raises:
        DataError: no such folder, no images in it, or one that does not decode; the line names it.
        ConfigError: an unknown extractor, or one whose weights or packages are not installed.
    """
    images = folder if isinstance(folder, ImageFolder) else image_folder(folder)
    values = compute_features(
        images,
        extractor_of(extractor, preprocess),
        batch_size=batch_size,
        cache=cache,
        progress=progress,
    )
    return Features(values, images.files, images.classes)


def extractor_of(extractor: str | Extractor | nn.Module, preprocess: Any = None) -> Extractor:
    """Return an extractor by its name, or of a module and its preprocessing.

    Raises:
        ConfigError: an unknown name, a module without preprocessing or preprocessing without a
            module, or weights or packages that are not installed.
    """
    if preprocess is not None and isinstance(extractor, str | Extractor):
        raise ConfigError("preprocess: belongs to a torch module; this extractor has its own")
    if isinstance(extractor, Extractor):
        return extractor
    if isinstance(extractor, str):
        if extractor not in EXTRACTORS:
            raise ConfigError(f"features {extractor!r}: not known; {hint(extractor, EXTRACTORS)}")
        return EXTRACTORS[extractor]()
    from mlplab.shift.features.own_module import module_extractor

    return module_extractor(extractor, preprocess)
