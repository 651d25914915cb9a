"""Noise keyed by (seed, layer, step): integers behind dropout masks, uniform and normal numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.buffers import zero_array
from mlplab.engine.native.drops import compiled_philox
from mlplab.specs.keyed import philox, philox_key

Rates = TypeVar("Rates", Tensor, NDArray[np.float64])
_LEVELS = 65_536  # 16 bits: eight would turn a rate of 0.2 into 51/256


def realised_rate(rate: float) -> float:
    """Return the rate that 16-bit masks realise: `rate` rounded to a multiple of 1/65536.

    >>> realised_rate(0.5)
    0.5
    """
    # Below 1: kept units are scaled by 1 / (1 - rate).
    return min(round(rate * _LEVELS), _LEVELS - 1) / _LEVELS


def threshold(realised: Rates) -> Rates:
    """Return the integer that noise must reach to be kept, at realised rates."""
    return realised * _LEVELS - _LEVELS // 2


def masking(
    rates: Sequence[Sequence[float]], kept: torch.dtype, dtype: torch.dtype
) -> list[tuple[Tensor, Tensor]]:
    """Return for each layer what `fill_masks` takes: thresholds and scales of each slot, (R, 1, 1).

    Args:
        rates: of each slot and layer, (R, L).
        kept: the type in which rates are turned into them.
        dtype: of the masks.
    """
    realised = torch.tensor([[realised_rate(p) for p in own] for own in rates], dtype=kept)
    return [
        (threshold(rate).to(dtype), (1 / (1 - rate)).to(dtype))
        for rate in realised.t()[:, :, None, None]
    ]


def draw_integers(source: np.random.Generator, out: NDArray[Any]) -> None:
    """Fill whole 64-bit words, of four int16 each."""
    out[:] = source.bit_generator.random_raw(len(out))


def draw_normals(source: np.random.Generator, out: NDArray[Any]) -> None:
    """Fill with N(0, 1), in float32 or float64."""
    source.standard_normal(dtype=out.dtype.type, out=out)


def draw_uniforms(source: np.random.Generator, out: NDArray[Any]) -> None:
    """Fill with U(0, 1), in float32 or float64."""
    source.random(dtype=out.dtype.type, out=out)


class KeyedNoise:
    """Draws numbers by (seed, layer, step); runs of one seed share them, whatever their strengths.

    Of integers, an element of (unit, example) is dropped where its own lies below a threshold, so
    a higher rate drops all that a lower one drops.
    """

    def __init__(
        self,
        purpose: str = "dropout",
        fill: Callable[[np.random.Generator, NDArray[Any]], None] = draw_integers,
        dtype: str = "int16",
    ) -> None:
        self._purpose = purpose
        self._fill = fill
        self._dtype = dtype
        # Words are filled and then seen as int16: a view of every group's cost 4 % of a small step.
        self._stored, self._per = ("uint64", 4) if fill is draw_integers else (dtype, 1)
        self._sources: dict[tuple[int, int], tuple[np.random.Generator, Any]] = {}
        self._drawn: dict[tuple[int, ...], tuple[NDArray[Any], int]] = {}  # and where they lie
        self._compiled: Any = compiled_philox() if fill is draw_integers else None
        self._keys: dict[int, tuple[NDArray[np.uint64], int]] = {}

    def draw(self, places: Sequence[tuple[int, ...]], layer: int, units: int, lanes: int) -> Tensor:
        """Return numbers (G, units, lanes), of integers -32768..32767; unit by unit: widths share.

        The next call for this layer and shape overwrites them.

        Args:
            places: (seed, step) of each group, or (seed, step, example), whose first example draws
                what (seed, step) does; equal places get equal numbers.
            layer: of the network.
            units: rows.
            lanes: examples, a multiple of 16.

        Cost: about 1 ns per integer, 2 per uniform number and 5 per normal one.
        """
        # lanes is a multiple of 16, so each unit starts at a whole 64-bit word.
        shape = (layer, len(places), units * lanes // self._per)
        if shape not in self._drawn:
            made = zero_array(shape[1:], self._stored)
            self._drawn[shape] = made, made.ctypes.data
        numbers, address = self._drawn[shape]
        drawn: dict[tuple[int, ...], int] = {}
        for g, place in enumerate(places):
            if place in drawn:
                # Groups of one seed at the same step (arms that differ in data) see the same noise:
                # copying costs less than drawing.
                numbers[g] = numbers[drawn[place]]
            else:
                if self._compiled is None:
                    self._fill(self._at(layer, *place), numbers[g])
                else:
                    at = address + g * numbers.strides[0]
                    self._fill_compiled(layer, *place, at=at, n_words=numbers.shape[1])
                drawn[place] = g
        seen = torch.from_numpy(numbers.view(self._dtype)).to(torch.get_default_device())
        return seen.view(len(places), units, lanes)

    def _at(self, layer: int, seed: int, step: int, example: int = 0) -> np.random.Generator:
        if (seed, layer) not in self._sources:
            made = philox(seed, self._purpose, layer, 0)
            self._sources[seed, layer] = (made, made.bit_generator.state)
        # Moving a generator's counter takes 1 microsecond, making a generator 11.
        source, state = self._sources[seed, layer]
        state["state"]["counter"][:] = (0, layer, step, example)
        # Philox makes four words at a time: 4 means none are left over from the last place.
        state["buffer_pos"], state["has_uint32"] = 4, 0
        source.bit_generator.state = state
        return source

    def _fill_compiled(
        self, layer: int, seed: int, step: int, example: int = 0, *, at: int, n_words: int
    ) -> None:
        if seed not in self._keys:
            key = philox_key(seed, self._purpose, 2)  # of (layer, step), as `philox` makes it
            self._keys[seed] = key, key.ctypes.data
        self._compiled(self._keys[seed][1], layer, step, example, at, n_words)

    def forget(self, seeds: set[int]) -> None:
        """Drop what is kept for other seeds than these."""
        self._sources = {key: kept for key, kept in self._sources.items() if key[0] in seeds}
        self._keys = {seed: kept for seed, kept in self._keys.items() if seed in seeds}


def fill_masks(noise: Tensor, threshold: Tensor, scale: Tensor, out: Tensor) -> None:
    """Write scale where noise >= threshold and 0 elsewhere, by float arithmetic alone.

    Equals `(noise >= threshold) * scale`; noise and threshold are whole numbers, so the clamped
    difference is exactly 0 or 1 (boolean kernels are 8 times slower here).

    Args:
        noise: (R, U, B), or (1, U, B) where all runs share it.
        threshold: from `threshold`, of each run, (R, 1, 1).
        scale: 1 / (1 - realised rate) of each run, (R, 1, 1).
        out: (R, U, B).
    """
    # int16 to float in the copy; one buffer then serves all steps of the pass.
    out.copy_(noise)
    out.sub_(threshold - 1).clamp_(0.0, 1.0).mul_(scale)
