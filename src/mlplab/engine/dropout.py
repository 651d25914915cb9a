"""Dropout on the hidden layers of a stack, after their activations or before."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.buffers import zeros
from mlplab.engine.native.drops import compiled_drop
from mlplab.engine.noise import KeyedNoise, fill_masks, masking
from mlplab.engine.program import Program
from mlplab.engine.sharing import Spread
from mlplab.specs import Run


class Dropout:
    """Masks of every hidden layer, kept from the forward pass for the backward pass."""

    def __init__(
        self,
        program: Program,
        n_slots: int,
        spread: Spread,
        kept: torch.dtype,
        *,
        before: bool = False,
    ) -> None:
        """Make room for masks.

        Args:
            program: of the stack.
            n_slots: of it.
            spread: of its groups.
            kept: the type in which rates are turned into thresholds and scales.
            before: drop what activations are given, in place; the same units as after them.
        """
        dtype = getattr(torch, program.dtype)
        shapes = [(n_slots, width, program.lanes) for width in program.widths[1:-1]]
        self._masks = [zeros(*shape, dtype=dtype) for shape in shapes]
        # Apart from h, which the activation's derivative needs as it was before the noise.
        self.seen = [] if before else [zeros(*shape, dtype=dtype) for shape in shapes]
        self._before = before
        self._compiled = compiled_drop(program.dtype)
        self._noise = KeyedNoise()
        self._spread = spread
        self._dtype, self._kept = dtype, kept

    def begin_epoch(self, runs: Sequence[Run | None], seeds: set[int]) -> None:
        """Take the slots' rates; noise of other seeds than these is forgotten."""
        name = "noise_strength" if self._before else "dropout"
        idle = (0.0,) * len(self._masks)
        given = [getattr(run.mlp, name) if run else idle for run in runs]
        self._masking = masking(given, self._kept, self._dtype)
        self._noise.forget(seeds)

    def forward(self, layer: int, h: Tensor, steps: Sequence[tuple[int, int]]) -> Tensor:
        """Return h with some units of each example dropped; `steps` are (seed, step) by group."""
        noise = self._noise.draw(steps, layer, h.shape[1], h.shape[2])
        mask, seen = self._masks[layer], h if self._before else self.seen[layer]
        threshold, scale = self._masking[layer]
        if self._compiled is None or h.device.type != "cpu":
            fill_masks(self._spread(noise), threshold, scale, mask)
            return torch.mul(h, mask, out=seen)
        # One pass for five, to the same bits: all of these are contiguous.
        of_slots = (noise, self._spread.group_of, threshold, scale)
        self._compiled(
            *(one.data_ptr() for one in of_slots),
            len(h),
            h[0].numel(),
            *(one.data_ptr() for one in (h, mask, seen)),
        )
        return seen

    def backward(self, layer: int, d: Tensor) -> None:
        """Drop the same units of the delta, in place."""
        d.mul_(self._masks[layer])
