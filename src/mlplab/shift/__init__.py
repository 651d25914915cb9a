"""Has the data shifted, does it matter, and what to do."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlplab.shift.features.image_features import Features, image_features
    from mlplab.shift.images.folder import ImageFolder, image_folder

__all__ = ["Features", "ImageFolder", "image_features", "image_folder"]

# Where each name lives: loaded when it is first asked for, so that help loads no torch.
_HOMES = {
    "Features": "features.image_features",
    "ImageFolder": "images.folder",
    "image_features": "features.image_features",
    "image_folder": "images.folder",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'mlplab.shift' has no attribute {name!r}")
    value = getattr(import_module(f"mlplab.shift.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
