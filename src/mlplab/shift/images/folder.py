"""A folder of images: one folder a class, or images alone; each is read when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt

from mlplab.errors import DataError
from mlplab.named_paths import named_path
from mlplab.shift.images.decode import SUFFIXES, Pixels, image_size, read_image
from mlplab.shift.images.resize import resize_image


@final
@dataclass(frozen=True, slots=True)
class ImageFolder:
    """The images of a folder, in the order of their names; pixels are read when asked for.

    Attributes:
        folder: where they lie.
        files: names below the folder, with `/`, (N,).
        classes: the class of each, which is the sub-folder that it lies in, (N,); None for a folder
            without sub-folders of images.
    """

    folder: Path
    files: tuple[str, ...]
    classes: tuple[str, ...] | None

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Pixels:
        return read_image(self.path(index))

    def __iter__(self) -> Iterator[Pixels]:
        return (self[i] for i in range(len(self)))

    def path(self, index: int) -> Path:
        """Return where one image lies."""
        return self.folder / self.files[index]

    def arrays(self, height: int, width: int) -> Pixels:
        """Return all images at one size, (N, height, width, 3); what has other sides is squeezed.

        Raises:
            DataError: an image does not decode.
        """
        out = np.empty((len(self), height, width, 3), np.uint8)
        for i, image in enumerate(self):
            out[i] = resize_image(image, height, width)
        return out

    def without_damaged(self) -> tuple[ImageFolder, tuple[str, ...]]:
        """Return the images that decode, and a line for each that does not; all are read once.

        Raises:
            DataError: none decodes.
        """
        sound, lines = [], []
        for i in range(len(self)):
            try:
                read_image(self.path(i))
                sound.append(i)
            except DataError as problem:
                lines.append(str(problem))
        if not sound:
            raise DataError(f"{self.folder}: none of its {len(self)} images decodes; {lines[0]}")
        files = tuple(self.files[i] for i in sound)
        classes = None if self.classes is None else tuple(self.classes[i] for i in sound)
        return ImageFolder(self.folder, files, classes), tuple(lines)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that occur, sorted; none where there are no classes."""
        return tuple(sorted(set(self.classes or ())))

    def sizes(self) -> npt.NDArray[np.int64]:
        """Return height and width of every image, (N, 2); only the heads of the files are read.

        Raises:
            DataError: a file cannot be read or is no image.
        """
        return np.array([image_size(self.path(i)) for i in range(len(self))], np.int64)


def image_folder(folder: str | Path) -> ImageFolder:
    """Find the images of a folder: `folder/CLASS/.../IMAGE`, or `folder/IMAGE` without classes.

    PNG, JPEG, WebP, GIF and BMP files count, by the end of their names; other files, hidden ones
    and sub-folders without images are passed over. No file is opened.

    Raises:
        DataError: no such folder, no images in it, images both beside and inside sub-folders, or a
            link to what lies elsewhere.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b/2.png", "a/1.JPG", "notes.txt"):
    ...         Path(folder, name).parent.mkdir(exist_ok=True)
    ...         Path(folder, name).touch()
    ...     images = image_folder(folder)
    >>> images.files, images.classes
    (('a/1.JPG', 'b/2.png'), ('a', 'b'))
    """
    root = named_path(folder, "folder of images", DataError)
    if not root.is_dir():
        what = "a file" if root.exists() else "nothing"
        raise DataError(f"{folder}: expected a folder of images; {what} is there")
    try:
        beside = sorted(name for name in os.listdir(root) if _is_image(root / name))
        inside = [name for part in _class_folders(root) for name in _images_below(root, part)]
        _refuse_ways_out(root, [*beside, *inside])
    except OSError as problem:
        raise DataError(
            f"{problem.filename or folder}: cannot be read ({problem.strerror or problem})"
        ) from None
    if beside and inside:
        raise DataError(
            f"{folder}: images lie both beside sub-folders ({beside[0]}) and inside them "
            f"({inside[0]}); put them all into folders, one a class, or none"
        )
    if not beside and not inside:
        endings = ", ".join(SUFFIXES)
        raise DataError(f"{folder}: holds no images (files that end in {endings})")
    classes = tuple(name.partition("/")[0] for name in inside) if inside else None
    return ImageFolder(root, tuple(inside or beside), classes)


def holds_images(folder: str | Path) -> bool:
    """Tell whether a path is a folder with images in it or in its sub-folders.

    >>> holds_images("no such folder")
    False
    """
    try:
        return bool(image_folder(folder).files)
    except DataError:
        return False


def _class_folders(root: Path) -> list[str]:
    return sorted(part.name for part in root.iterdir() if _is_shown(part.name) and part.is_dir())


def _images_below(root: Path, part: str) -> Iterator[str]:
    def refuse(problem: OSError) -> None:
        raise problem

    for place, folders, names in os.walk(root / part, onerror=refuse):
        folders[:] = sorted(filter(_is_shown, folders))
        for name in sorted(names):
            path = Path(place, name)
            if _is_image(path):
                yield path.relative_to(root).as_posix()


def _refuse_ways_out(root: Path, names: Sequence[str]) -> None:
    """A folder that came from others must not draw in, by links, what it does not hold."""
    home = root.resolve()
    parts = {name.partition("/")[0] for name in names}
    linked = {part for part in parts if (root / part).is_symlink()}
    for name in names:
        path = root / name
        is_linked = name.partition("/")[0] in linked or path.is_symlink()
        if is_linked and not path.resolve().is_relative_to(home):
            raise DataError(
                f"{path}: a link to what lies outside {root}; put a copy there, or name the folder "
                "that it leads to"
            )


def _is_image(path: Path) -> bool:
    return _is_shown(path.name) and path.suffix.lower() in SUFFIXES and not path.is_dir()


def _is_shown(name: str) -> bool:
    # macOS leaves `__MACOSX` and `._name` beside what was in a zip.
    return not name.startswith((".", "__MACOSX"))
