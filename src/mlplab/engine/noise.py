"""Dropout masks, from integers keyed by (seed, layer, step)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from mlplab.specs.keyed import philox

_LEVELS = 65_536  # 16 bits: eight would turn a rate of 0.2 into 51/256


def realised_rate(rate: float) -> float:
    """Return the rate that 16-bit masks realise: `rate` rounded to a multiple of 1/65536.

    >>> realised_rate(0.5)
    0.5
    """
    return min(round(rate * _LEVELS), _LEVELS - 1) / _LEVELS


class KeyedNoise:
    """Draws the integers behind the masks; runs of one seed share them, whatever their rates.

    An element of (unit, example) is dropped where its integer lies below rate * 65536, so a
    higher rate drops all that a lower one drops.
    """

    def __init__(self) -> None:
        self._sources: dict[tuple[int, int], tuple[Any, Any]] = {}

    def draw(self, seed: int, layer: int, step: int, units: int, lanes: int) -> Tensor:
        """Return integers 0..65535 as floats, (units, lanes); unit by unit, so widths share.

        Cost: about 1 ns per element.
        """
        if (seed, layer) not in self._sources:
            made = philox(seed, "dropout", layer, 0).bit_generator
            self._sources[seed, layer] = (made, made.state)
        source, state = self._sources[seed, layer]
        state["state"]["counter"][:] = (0, layer, step, 0)
        state["buffer_pos"] = 4
        source.state = state
        # lanes is a multiple of 16, so each unit starts at a whole 64-bit word.
        raw = source.random_raw(units * lanes // 4).view(np.int16)
        return (
            torch.from_numpy(raw)
            .to(torch.get_default_device())
            .view(units, lanes)
            .float()
            .add_(_LEVELS // 2)
        )

    def forget(self, seeds: set[int]) -> None:
        """Drop what is kept for other seeds than these."""
        self._sources = {key: kept for key, kept in self._sources.items() if key[0] in seeds}


def fill_masks(noise: Tensor, threshold: Tensor, scale: Tensor, out: Tensor) -> None:
    """Write scale where noise >= threshold and 0 elsewhere, by float arithmetic alone.

    Equals `(noise >= threshold) * scale`; noise and threshold are whole numbers, so the clamped
    difference is exactly 0 or 1 (boolean kernels are 8 times slower here).

    Args:
        noise: (U, B), shared by the runs of one seed.
        threshold: rate * 65536 of each run, (R, 1, 1).
        scale: 1 / (1 - realised rate) of each run, (R, 1, 1).
        out: (R, U, B).
    """
    torch.sub(noise, threshold - 1, out=out)
    out.clamp_(0.0, 1.0).mul_(scale)
