"""Photographs and their cartoons, as rows of pretrained features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import DataError
from mlplab.exercises.one_thread import one_thread
from mlplab.specs.keyed import philox

if TYPE_CHECKING:
    from mlplab.shift.features import Extractor

Array = NDArray[np.float64]
Features = NDArray[np.float32]
Pixels = NDArray[np.uint8]

EXTRACTOR: str | Extractor = "efficientnet-lite0"
FASHION, SQUARES = "fashion-mnist", "squares"
"""Sources of photographs; any other is a folder of images."""
SIDE = 64
"""Pixels of the squares that the free photographs are cut into."""
FOLDER_SIDE = 128
"""Pixels to which a folder's images are brought; a cartoon of one takes 0.03 s."""
N_COMPONENTS = 64
FEWEST = 80
"""Images of a folder: of fewer, no batch is left to train on."""


@dataclass(frozen=True, eq=False)
class Collection:
    """Photographs of one source.

    Attributes:
        images: (H, W) or (H, W, 3) bytes each.
        groups: whose squares they are: of one photograph, (N,); of what lies alone, its own.
        classes: what they show, (N,).
        class_names: of the classes.
    """

    images: Sequence[Pixels] | Pixels
    groups: NDArray[np.int64]
    classes: NDArray[np.int64]
    class_names: tuple[str, ...]


def packages() -> object:
    """Raise one clear line if what features and photographs need is missing."""
    from mlplab.shift.features.image_features import extractor_of

    return extractor_of(EXTRACTOR)


@lru_cache(maxsize=4)
def collection(source: str) -> Collection:
    """Return the photographs of a source: Fashion-MNIST, squares, or a folder of images.

    Raises:
        DataError: a folder without classes, or with too few images.
    """
    if source == FASHION:
        from mlplab.data import load_task

        task = load_task(FASHION)
        rows = task.pool
        images = _as_bytes(task.inputs[rows]).reshape(len(rows), *(task.image_shape or (28, 28)))
        names = task.class_names or tuple(map(str, range(task.n_outputs)))
        return Collection(images, np.arange(len(rows)), task.targets[rows], names)
    from mlplab.shift import images as photographs

    if source == SQUARES:
        found = photographs.photograph_patches(SIDE)
        return Collection(found.images, found.targets, found.targets, found.names)
    folder = photographs.image_folder(source)
    names = folder.class_names
    if len(names) < 2:
        raise DataError(f"{source}: expected two sub-folders of images or more, one a class")
    if len(folder) < FEWEST:
        raise DataError(f"{source}: expected at least {FEWEST} images; got {len(folder)}")
    ids = np.array([names.index(name) for name in folder.classes or ()])
    # In the folder classes lie one after the other.
    order = philox(0, "images of a folder").permutation(len(folder))
    return Collection(
        _Mapped(lambda i: _resized(folder[int(order[i])]), len(folder)),
        np.arange(len(folder)),
        ids[order],
        names,
    )


def features(
    source: str, rows: NDArray[np.int64], *, drawn: bool = False, pixels: bool = False
) -> Features:
    """Return the features of photographs, or of their cartoons (`drawn`), (N, F).

    Args:
        source: of the photographs.
        rows: which of them.
        drawn: whether as cartoons.
        pixels: their pixels instead of pretrained features.

    Cost: 20 ms of one core for each image that the user's cache does not know.
    """
    return _features(source, tuple(rows.tolist()), drawn, "pixels" if pixels else EXTRACTOR)


@lru_cache(maxsize=16)
def _features(
    source: str, rows: tuple[int, ...], drawn: bool, extractor: str | Extractor
) -> Features:
    from mlplab.shift import cartoon
    from mlplab.shift.features import compute_features
    from mlplab.shift.features.image_features import extractor_of

    images = collection(source).images

    def image(i: int) -> Pixels:
        one = np.asarray(images[rows[i]])
        return cartoon(one) if drawn else one

    values = compute_features(_Mapped(image, len(rows)), extractor_of(extractor))
    values.flags.writeable = False
    return values


@one_thread
def principal_axes(rows: Features, n: int = N_COMPONENTS) -> tuple[Array, Array]:
    """Return the mean of rows (F,) and their first n principal axes (F, n), scaled.

    The coordinates of `rows` along them have a mean variance of 1, larger for the first ones.
    """
    centred = rows.astype(np.float64)
    mean = centred.mean(axis=0)
    centred = centred - mean
    sizes, axes = np.linalg.eigh(centred.T @ centred / len(rows))
    kept = axes[:, ::-1][:, :n]
    scale = np.sqrt(np.maximum(sizes[::-1][:n], 0).mean())
    return mean, kept / (scale if scale > 0 else 1.0)


@one_thread
def coordinates(rows: Features, axes: tuple[Array, Array]) -> Features:
    """Return rows along axes, (N, n), rounded, so that they are the same bits another time."""
    mean, directions = axes
    return np.asarray(np.round((rows - mean) @ directions, 3), np.float32)


class _Mapped(Sequence[Pixels]):
    """Images that are made when they are asked for."""

    def __init__(self, image: Any, n: int) -> None:
        self._image, self._n = image, n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, place: int) -> Pixels: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Pixels]: ...
    def __getitem__(self, place: int | slice) -> Pixels | Sequence[Pixels]:
        if isinstance(place, slice):
            return [self._image(i) for i in range(*place.indices(self._n))]
        if not 0 <= place < self._n:
            raise IndexError(place)
        made: Pixels = self._image(place)
        return made


def _resized(image: Pixels) -> Pixels:
    from mlplab.shift.images.resize import resize_image

    return resize_image(image, FOLDER_SIDE, FOLDER_SIDE)


def _as_bytes(images: NDArray[Any]) -> Pixels:
    if images.dtype == np.uint8:
        return np.asarray(images)
    return np.asarray(np.rint(images * (255 / max(float(images.max()), 1e-9))), np.uint8)
