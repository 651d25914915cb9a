"""One image file to pixels: turned upright, with three channels."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab import extras
from mlplab.devices import refuse_device
from mlplab.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.uint8]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


def read_image(path: str | Path) -> Pixels:
    """Read an image file as bytes of red, green and blue, (H, W, 3).

    It is turned as its EXIF orientation says; grey and palette images get three channels, what is
    transparent lies on white, 16 bits a channel become 8, and of a moving image the first frame is
    taken.

    Raises:
        DataError: it cannot be read, or is no PNG, JPEG, WebP, GIF or BMP, or is damaged.
        ConfigError: Pillow is not installed.

    Cost: about 5 ms for a megapixel of JPEG; 3 bytes per pixel, and as much while it is decoded.
    """
    return decode_image(image_bytes(path), path)


def image_bytes(path: str | Path) -> bytes:
    """Return what a file holds.

    Raises:
        DataError: it cannot be read.
    """
    refuse_device(Path(path), "an image")
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem})") from None


def decode_image(data: bytes, name: str | Path) -> Pixels:
    """Decode what an image file holds; see `read_image`.

    Args:
        data: the file's bytes.
        name: what an error calls it.

    Raises:
        DataError: it does not decode.
        ConfigError: Pillow is not installed.
    """
    from_bytes = _opened(data, name)
    try:
        with from_bytes as image, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.array(_upright_rgb(image), dtype=np.uint8)
    except MemoryError:
        raise DataError(f"{name}: does not fit into memory") from None
    except Exception as problem:  # decoders raise whatever they like
        raise _damaged(name, problem) from None


def rgb_image(image: npt.ArrayLike, name: str = "image") -> Pixels:
    """Return an array of bytes as (H, W, 3): what is grey, (H, W) or (H, W, 1), three times.

    Raises:
        DataError: another shape or another dtype.

    >>> rgb_image(np.zeros((28, 28), np.uint8)).shape
    (28, 28, 3)
    """
    array = np.asarray(image)
    grey = array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    if grey.ndim == 2 and array.dtype == np.uint8 and array.size:
        return np.repeat(grey[..., None], 3, axis=-1)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[-1] != 3 or not array.size:
        raise DataError(
            f"{name}: expected (H, W) or (H, W, 3) of uint8, 0 to 255; "
            f"got {array.shape} of {array.dtype}"
        )
    return array


def image_size(path: str | Path) -> tuple[int, int]:
    """Return (height, width) of an image file, upright; only its head is read.

    Raises:
        DataError: it cannot be read or is no image.
        ConfigError: Pillow is not installed.
    """
    refuse_device(Path(path), "an image")
    try:
        with Path(path).open("rb") as stream, _opened(stream, path) as image:
            width, height = image.size
            # Orientations 5 to 8 lie on their side.
            lies = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem})") from None
    return (width, height) if lies else (height, width)


def _opened(source: Any, name: str | Path) -> Image:
    extras.load("PIL", "reading images")
    from PIL import Image as pillow

    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image: Image = pillow.open(stream, formats=FORMATS)
            return image
    except Exception as problem:
        raise _damaged(name, problem) from None


def _upright_rgb(image: Image) -> Image:
    from PIL import Image as pillow
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        # Pillow would cut 16 bits at 255.
        levels = np.asarray(image).astype(np.int64).clip(0, 65535) // 257
        image = pillow.fromarray(levels.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = pillow.alpha_composite(pillow.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _damaged(name: str | Path, problem: Exception) -> DataError:
    from PIL import UnidentifiedImageError

    if isinstance(problem, UnidentifiedImageError):
        return DataError(f"{name}: not a PNG, JPEG, WebP, GIF or BMP image, or damaged")
    text = (str(problem).strip() or type(problem).__name__).splitlines()[0]
    return DataError(f"{name}: does not decode ({text}); replace or remove it")
