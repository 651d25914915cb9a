"""Photographs as cartoons: areas of one colour, few colours, dark outlines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import DataError
from mlplab.reading import read_number, read_whole
from mlplab.shift.images.decode import Pixels

Floats = npt.NDArray[np.float32]

# The side at which the defaults were chosen by eye; other sizes are smoothed in proportion.
_SIDE = 224
# Luminance and two colour differences of red, green and blue (ITU-R BT.601), grey at 0.
_TO_LUMINANCE = np.array(
    [[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]], np.float32
)
_TO_RGB = np.linalg.inv(_TO_LUMINANCE).astype(np.float32)
# Images at a time: several arrays of their pixels are in memory.
_PIXELS_AT_ONCE = 2**20


def cartoon(
    image: npt.ArrayLike,
    *,
    levels: int = 9,
    passes: int = 3,
    radius: float | None = None,
    contrast: float = 0.06,
    outline: float = 1.0,
    saturation: float = 1.15,
) -> Pixels:
    """Return an image as a cartoon: smoothed but for its edges, of few colours, with dark outlines.

    1. A bilateral filter, `passes` times: each pixel becomes the mean of those around it, with
       weights `exp(-d^2 / 2 radius^2 - (difference / contrast)^2 / 2)`, along rows and then along
       columns. Areas become flat, and what differs by more than `contrast` stays apart.
    2. Luminance is rounded to one of `levels` values from black to white, colour differences to
       multiples of `1 / (3 levels)`.
    3. On the dark side of an edge, where `d = G(s) - 0.98 G(1.6 s)` of the luminance is negative
       (G a Gaussian filter after one pass of the first step with half the radius, s a third of the
       radius and at least 0.6), the image is darkened by `1 + outline tanh(d / 0.02)`.

    No randomness: the same image gives the same bytes.

    Args:
        image: (H, W, 3) or, grey, (H, W); bytes, or numbers from 0 to 1.
        levels: of the luminance, at least 2.
        passes: of the filter; 0 smooths nothing.
        radius: the filter's standard deviation in pixels; by default 2.5 where the shorter side has
            224 pixels, in proportion elsewhere, and at least 0.8.
        contrast: what counts as an edge, as a share of the range from black to white.
        outline: how dark outlines are, from 0, none, to 1, black.
        saturation: factor on the colours.

    Returns:
        Bytes of the shape of the image.

    Raises:
        DataError: no image.
        ConfigError: a parameter out of range.

    Cost: 0.1 s of one core for 224 x 224 x 3.

    Source: Winnemöller, Olsen and Gooch, Real-Time Video Abstraction, SIGGRAPH 2006; rows before
        columns as in Pham and van Vliet, ICME 2005.

    >>> plain = np.full((9, 9), 128, np.uint8)
    >>> int(np.ptp(cartoon(plain)))
    0
    """
    array = np.asarray(image)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] != 3) or not array.size:
        raise DataError(f"image: expected (H, W) or (H, W, 3); got {array.shape}")
    drawn: Pixels = cartoons(
        array[None],
        levels=levels,
        passes=passes,
        radius=radius,
        contrast=contrast,
        outline=outline,
        saturation=saturation,
    )[0]
    return drawn


def cartoons(
    images: npt.ArrayLike,
    *,
    levels: int = 9,
    passes: int = 3,
    radius: float | None = None,
    contrast: float = 0.06,
    outline: float = 1.0,
    saturation: float = 1.15,
) -> Pixels:
    """Return many images of one size as cartoons; see `cartoon`, which gives each the same bytes.

    Args:
        images: (N, H, W, 3) or, grey, (N, H, W); bytes, or numbers from 0 to 1.
        levels, passes, radius, contrast, outline, saturation: as of `cartoon`.

    Returns:
        Bytes of the shape of the images.

    Raises:
        DataError: no images of one size.
        ConfigError: a parameter out of range.

    Cost: 0.2 s of one core for 1,000 grey images of 28 x 28; a million pixels at a time, about 60
        bytes each.

    >>> cartoons(np.zeros((2, 28, 28), np.uint8)).shape
    (2, 28, 28)
    """
    array = np.asarray(images)
    is_grey = array.ndim == 3
    if array.ndim not in (3, 4) or (not is_grey and array.shape[-1] != 3) or 0 in array.shape[1:]:
        raise DataError(f"images: expected (N, H, W) or (N, H, W, 3); got {array.shape}")
    height, width = array.shape[1:3]
    if radius is None:
        radius = max(0.8, 2.5 * min(height, width) / _SIDE)
    _check(levels, passes, radius, contrast, outline, saturation)
    stack = array[..., None] if is_grey else array
    out = np.empty(stack.shape, np.uint8)
    at_once = max(1, _PIXELS_AT_ONCE // (height * width))
    for start in range(0, len(stack), at_once):
        part = _unit_range(stack[start : start + at_once])
        lines = _outlines(_bilateral(part, radius / 2, contrast), max(0.6, radius / 3))
        for _ in range(passes):
            part = _bilateral(part, radius, contrast)
        flat = _quantised(part, levels, saturation)
        drawn = flat * (1 - np.float32(outline) * lines)[..., None]
        out[start : start + at_once] = np.rint(255 * drawn.clip(0, 1))
    return out.reshape(array.shape)


def _bilateral(images: Floats, radius: float, contrast: float) -> Floats:
    """Filter (N, H, W, C) along rows, then along columns."""
    reach = max(1, math.ceil(2 * radius))
    for axis in (2, 1):
        n = images.shape[axis]
        padded = np.pad(images, [(reach * (i == axis),) * 2 for i in range(4)], mode="edge")
        total, weight = np.zeros_like(images), np.zeros((*images.shape[:3], 1), np.float32)
        for step in range(-reach, reach + 1):
            start = reach + step
            beside = padded[(slice(None),) * axis + (slice(start, start + n),)]
            gap = np.square(beside - images).mean(axis=-1, keepdims=True)
            near = np.exp(gap / np.float32(-2 * contrast**2) - np.float32((step / radius) ** 2 / 2))
            total += near * beside
            weight += near
        images = np.divide(total, weight, out=total)
    return images


def _quantised(images: Floats, levels: int, saturation: float) -> Floats:
    if images.shape[-1] == 1:
        return _rounded(images, levels - 1)
    planes = _mixed(images, _TO_LUMINANCE)
    planes[..., 0] = _rounded(planes[..., 0], levels - 1)
    planes[..., 1:] = _rounded(planes[..., 1:] * np.float32(saturation), 3 * levels)
    return _mixed(planes, _TO_RGB)


def _rounded(values: Floats, per_unit: int) -> Floats:
    """Round to multiples of `1 / per_unit`."""
    steps: Floats = np.rint(values * np.float32(per_unit))
    return np.divide(steps, per_unit, out=steps)


def _mixed(images: Floats, matrix: Floats) -> Floats:
    """Return `images @ matrix.T`, added in one order however many pixels there are."""
    out = np.empty_like(images)
    for channel, (red, green, blue) in enumerate(matrix):
        out[..., channel] = red * images[..., 0] + green * images[..., 1] + blue * images[..., 2]
    return out


def _outlines(images: Floats, sigma: float) -> Floats:
    """Return how much of an outline lies at each pixel, (N, H, W), from 0 to 1."""
    from scipy.ndimage import gaussian_filter

    luminance = (images if images.shape[-1] == 1 else _mixed(images, _TO_LUMINANCE))[..., 0]
    narrow, wide = [
        gaussian_filter(luminance, (0, scale * sigma, scale * sigma), mode="nearest")
        for scale in (1.0, 1.6)
    ]
    difference = narrow - np.float32(0.98) * wide
    lines: Floats = np.tanh(np.maximum(-difference, 0) / np.float32(0.02))
    return lines


def _unit_range(images: npt.NDArray[Any]) -> Floats:
    values: Floats = images.astype(np.float32)
    if images.dtype == np.uint8:
        return np.divide(values, 255, out=values)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise DataError(
            f"images: expected bytes, or numbers from 0 to 1; got {images.dtype} from "
            f"{values.min():g} to {values.max():g}"
        )
    return values


def _check(
    levels: int, passes: int, radius: float, contrast: float, outline: float, saturation: float
) -> None:
    for name, value, low in (("levels", levels, 2), ("passes", passes, 0)):
        read_whole(name, value, low)
    for name, size in (("radius", radius), ("contrast", contrast)):
        read_number(name, size, "a number above 0", lambda given: 0 < given < math.inf)
    read_number("outline", outline, "a number from 0 to 1", lambda given: 0 <= given <= 1)
    read_number("saturation", saturation, "a number from 0", lambda given: 0 <= given < math.inf)
