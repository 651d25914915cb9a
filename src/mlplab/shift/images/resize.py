"""Another size for an image."""

from __future__ import annotations

import numpy as np

from mlplab.shift.images.decode import Pixels


def resize_image(image: Pixels, height: int, width: int) -> Pixels:
    """Return an image at another size, bicubic and smoothed before it shrinks, as Pillow does.

    Args:
        image: (H, W, 3) bytes.
        height, width: of what is returned.

    Returns:
        (height, width, 3) bytes; the image itself where that is its size.

    Cost: about 1 ms for 224 x 224 out of 512 x 512.
    """
    if image.shape[:2] == (height, width):
        return image
    import torch
    from torch.nn.functional import interpolate

    # Bytes in the order of the file are what torch has a fast path for.
    channels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    resized = interpolate(channels, (height, width), mode="bicubic", antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def centre_square(image: Pixels, share: float = 1.0) -> Pixels:
    """Return the square in the middle of an image whose side is `share` of its shorter one.

    >>> centre_square(np.zeros((20, 8, 3), np.uint8), share=0.5).shape
    (4, 4, 3)
    """
    height, width = image.shape[:2]
    side = max(1, round(share * min(height, width)))
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    return image[top : top + side, left : left + side]
