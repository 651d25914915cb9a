"""Image files for the tests: drawn by key, so that every machine has the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def drawn(seed: int, height: int = 40, width: int = 60) -> np.ndarray:
    """Return a smooth picture, (H, W, 3) bytes: what JPEG keeps nearly as it is."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    waves = np.random.default_rng(seed).uniform(1, 3, (3, 3))
    channels = [127 + 120 * np.sin(a * x + b * y + c) for a, b, c in waves]
    return np.stack(channels, axis=-1).astype(np.uint8)


def written(folder: Path, names: list[str]) -> Path:
    """Write a picture under each name, whose place in the list is its seed; return the folder."""
    from PIL import Image

    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn(seed)).save(folder / name)
    return folder
