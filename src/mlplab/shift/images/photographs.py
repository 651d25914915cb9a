"""Photographs that everyone has: those that ship inside scikit-learn and scikit-image, and free."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt

from mlplab import extras
from mlplab.errors import ConfigError
from mlplab.hints import hint
from mlplab.shift.images.decode import Pixels, read_image

# Where they lie below the package: found there, so that neither package need be imported.
_FOLDERS = {"sklearn": "datasets/images", "skimage": "data"}
_CC0, _PUBLIC = "CC0", "public domain"


@final
@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph inside a package.

    Attributes:
        name: such as `"flower"`.
        package: the module whose package it ships in.
        file: its name there.
        licence: under which it may be used.
    """

    name: str
    package: str
    file: str
    licence: str

    def path(self) -> Path | None:
        """Return where it lies on this machine; None where its package is not installed."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.origin is None:
            return None
        path = Path(spec.origin).parent / _FOLDERS[self.package] / self.file
        return path if path.is_file() else None


# Those of scikit-image that its wheel holds and that are photographs of things.
PHOTOGRAPHS = (
    Photograph("china", "sklearn", "china.jpg", "CC BY 2.0, danielbuechele"),
    Photograph("flower", "sklearn", "flower.jpg", "CC BY 2.0, vultilion"),
    Photograph("astronaut", "skimage", "astronaut.png", f"{_PUBLIC}, NASA"),
    Photograph("brick", "skimage", "brick.png", f"{_CC0}, CC0Textures"),
    Photograph("camera", "skimage", "camera.png", f"{_CC0}, Lav Varshney"),
    Photograph("chelsea", "skimage", "chelsea.png", f"{_CC0}, Stefan van der Walt"),
    Photograph("coffee", "skimage", "coffee.png", f"{_CC0}, Rachel Michetti"),
    Photograph("coins", "skimage", "coins.png", "no known copyright restrictions"),
    Photograph("grass", "skimage", "grass.png", f"{_CC0}, Linolafett"),
    Photograph("gravel", "skimage", "gravel.png", f"{_CC0}, CC0Textures"),
    Photograph("rocket", "skimage", "rocket.jpg", f"{_PUBLIC}, SpaceX"),
)


def free_photographs() -> tuple[Photograph, ...]:
    """Return the free photographs that are on this machine; nothing is fetched.

    scikit-learn's two are always there, the others where scikit-image is installed.

    >>> [photograph.name for photograph in free_photographs()][:2]
    ['china', 'flower']
    """
    return tuple(photograph for photograph in PHOTOGRAPHS if photograph.path() is not None)


def photograph(name: str) -> Pixels:
    """Return one of the free photographs by its name, (H, W, 3) bytes.

    Raises:
        ConfigError: an unknown name, or the package that holds it, or Pillow, is not installed.
    """
    known = {one.name: one for one in PHOTOGRAPHS}
    if name not in known:
        raise ConfigError(f"photograph {name!r}: not known; {hint(name, known)}")
    path = known[name].path()
    if path is None:
        package = known[name].package
        says = extras.install_line(package) if package in extras.PACKAGES else "install it again"
        raise ConfigError(f"photograph {name!r}: ships with {package}, which lacks it; try: {says}")
    return read_image(path)


@final
@dataclass(frozen=True, slots=True)
class Patches:
    """Squares cut out of photographs.

    Attributes:
        images: (N, S, S, 3) bytes.
        targets: which photograph each is of, (N,), an index into `names`.
        names: of the photographs.
        corners: row and column of each square's upper left corner, (N, 2).
    """

    images: Pixels
    targets: npt.NDArray[np.int64]
    names: tuple[str, ...]
    corners: npt.NDArray[np.int64]


def photograph_patches(
    side: int = 64, *, stride: int | None = None, names: Sequence[str] | None = None
) -> Patches:
    """Cut the free photographs into squares on a grid, row by row; nothing is scaled.

    Squares of one photograph are no independent draws: they share its light, its lens and its
    things, and with a stride below the side they share pixels. Hold out whole photographs, or a
    part of each by `corners`, where a method is judged.

    Args:
        side: of a square, S, in pixels.
        stride: between the corners of neighbours; by default the side, so that none overlap.
        names: which photographs; by default all that are on this machine.

    Raises:
        ConfigError: a side or stride out of range, an unknown name, or a package that is not
            installed.

    Cost: about 0.1 s, and 3 N S^2 bytes.
    """
    stride = side if stride is None else stride
    for what, value in (("side", side), ("stride", stride)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{what}: expected a whole number from 1; got {value!r}")
    if names is None:
        names = [one.name for one in free_photographs()]
    if not names or isinstance(names, str):
        raise ConfigError(f"names: expected a list of photographs; got {names!r}")
    images, targets, corners = [], [], []
    for target, name in enumerate(names):
        image = photograph(name)
        if side > min(image.shape[:2]):
            height, width = image.shape[:2]
            raise ConfigError(f"side: {side} is more than {name!r} has ({height} x {width})")
        windows = np.lib.stride_tricks.sliding_window_view(image, (side, side), axis=(0, 1))
        grid = windows[::stride, ::stride].transpose(0, 1, 3, 4, 2)
        images.append(grid.reshape(-1, side, side, 3))
        targets.append(np.full(len(images[-1]), target))
        corners.append(np.indices(grid.shape[:2]).reshape(2, -1).T * stride)
    return Patches(
        np.concatenate(images), np.concatenate(targets), tuple(names), np.concatenate(corners)
    )
