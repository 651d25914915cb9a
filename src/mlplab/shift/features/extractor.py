"""What turns an image into features: a preprocessing, then a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError
from mlplab.shift.images.decode import Pixels

if TYPE_CHECKING:
    from torch import nn

Preprocess = Callable[[Pixels], Any]
"""An image, (H, W, 3) bytes, to what a network takes: an array or tensor, (C, H', W')."""


@final
@dataclass(frozen=True, kw_only=True)
class Extractor:
    """Turns images into features, (N, F).

    Attributes:
        name: for people.
        preprocess: applied to each image, (H, W, 3) bytes.
        module: applied to batches of what comes of it, (B, C, H', W'); gives (B, ...), which is
            flattened. None: what the preprocessing gives are the features.
        key: hex SHA-256 of all that decides the features, by which they are kept; None where they
            are quick to compute and are not kept.
    """

    name: str
    preprocess: Preprocess
    module: nn.Module | None = None
    key: str | None = None


def pixels(side: int = 32) -> Extractor:
    """Return an extractor of the pixels themselves: resized to a square, from 0 to 1.

    Features are `image / 255`, the red ones first, flattened, F = 3 side^2. Nothing is cut off:
    what is no square is squeezed.

    Raises:
        ConfigError: no whole number from 1.

    >>> pixels(side=2).preprocess(np.full((4, 4, 3), 255, np.uint8)).tolist()
    [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]]
    """
    if isinstance(side, bool) or not isinstance(side, int) or side < 1:
        raise ConfigError(f"side: expected a whole number from 1; got {side!r}")
    from mlplab.shift.images.resize import resize_image

    def preprocess(image: Pixels) -> npt.NDArray[np.float32]:
        channels = resize_image(image, side, side).transpose(2, 0, 1)
        return np.divide(channels, 255, dtype=np.float32)

    return Extractor(name=f"pixels {side} x {side}", preprocess=preprocess)
