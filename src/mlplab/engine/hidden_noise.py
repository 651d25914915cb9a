"""Gaussian, uniform and multiplicative noise on the hidden layers of a stack."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.noise import KeyedNoise, draw_normals, draw_uniforms
from mlplab.engine.program import Program
from mlplab.engine.sharing import Spread
from mlplab.specs import Run


class HiddenNoise:
    """h + s e, or h (1 + s e), of every hidden layer: e of each seed, s of each run and layer."""

    def __init__(self, program: Program, n_slots: int, spread: Spread) -> None:
        dtype = getattr(torch, program.dtype)
        shapes = [(n_slots, width, program.lanes) for width in program.widths[1:-1]]
        # Apart from h, which the activation's derivative needs as it was before the noise.
        self.seen = [torch.zeros(shape, dtype=dtype) for shape in shapes]
        multiplies = program.noise == "multiplicative"
        self._factors = [torch.zeros(s, dtype=dtype) for s in shapes] if multiplies else []
        self._one = torch.ones((), dtype=dtype)
        fill = draw_uniforms if program.noise == "uniform" else draw_normals
        self._noise = KeyedNoise(f"{program.noise} noise", fill, program.dtype)
        self._spread = spread
        self._dtype = dtype

    def begin_epoch(self, runs: Sequence[Run | None], seeds: set[int]) -> None:
        """Take the slots' strengths; noise of other seeds than these is forgotten."""
        at = [[0.0] * len(self.seen) if run is None else run.mlp.noise_strength for run in runs]
        by_layer = torch.tensor(at, dtype=self._dtype).t().contiguous()
        self._strengths = by_layer[:, :, None, None].unbind()
        self._noise.forget(seeds)

    def forward(self, layer: int, h: Tensor, steps: Sequence[tuple[int, int]]) -> Tensor:
        """Return h with noise; `steps` are (seed, step) by group."""
        noise = self._spread(self._noise.draw(steps, layer, h.shape[1], h.shape[2]))
        strength, seen = self._strengths[layer], self.seen[layer]
        if not self._factors:
            return torch.addcmul(h, noise, strength, out=seen)
        factor = torch.addcmul(self._one, noise, strength, out=self._factors[layer])
        return torch.mul(h, factor, out=seen)

    def backward(self, layer: int, d: Tensor) -> None:
        """Turn the delta of what the next layer saw into that of h, in place."""
        if self._factors:
            d.mul_(self._factors[layer])
