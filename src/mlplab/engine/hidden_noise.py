"""Noise on what the hidden layers of a stack give: added, multiplied, or of whole branches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.buffers import zeros
from mlplab.engine.noise import KeyedNoise, draw_normals, draw_uniforms
from mlplab.engine.program import Program
from mlplab.engine.sharing import Spread
from mlplab.specs import Run


class HiddenNoise:
    """Noise e of each seed at the strength s of each run and layer: h + s e, or h (1 + s e).

    Under stochastic depth a layer with a skip gives h m / (1 - s), where m is 0 or 1 for all of an
    example's units.

    Source: Huang et al. (2016), Deep Networks with Stochastic Depth, arXiv 1603.09382; scaled as
    dropout is, and drawn for each example.
    """

    def __init__(self, program: Program, n_slots: int, spread: Spread) -> None:
        dtype = getattr(torch, program.dtype)
        shapes = [(n_slots, width, program.lanes) for width in program.widths[1:-1]]
        # Apart from h, which the activation's derivative needs as it was before the noise.
        self.seen = [zeros(*shape, dtype=dtype) for shape in shapes]
        self._drops = program.noise == "stochastic-depth"
        if self._drops:
            shapes = [(n_slots, 1, program.lanes) for _ in shapes]
        multiplies = self._drops or program.noise == "multiplicative"
        self._factors = [zeros(*s, dtype=dtype) for s in shapes] if multiplies else []
        self._one = torch.ones((), dtype=dtype)
        self._skips = program.skips
        is_uniform = self._drops or program.noise == "uniform"
        fill = draw_uniforms if is_uniform else draw_normals
        self._noise = KeyedNoise(f"{program.noise} noise", fill, program.dtype)
        self._spread = spread
        self._dtype = dtype

    def begin_epoch(self, runs: Sequence[Run | None], seeds: set[int]) -> None:
        """Take the slots' strengths; noise of other seeds than these is forgotten."""
        at = [[0.0] * len(self.seen) if run is None else run.mlp.noise_strength for run in runs]
        by_layer = torch.tensor(at, dtype=self._dtype).t().contiguous()
        if self._drops:  # a branch beside which nothing passes stays
            by_layer *= torch.tensor(self._skips).unsqueeze(1)
        self._strengths = by_layer[:, :, None, None].unbind()
        self._noise.forget(seeds)

    def forward(self, layer: int, h: Tensor, steps: Sequence[tuple[int, int]]) -> Tensor:
        """Return h with noise; `steps` are (seed, step) by group."""
        units = 1 if self._drops else h.shape[1]
        noise = self._spread(self._noise.draw(steps, layer, units, h.shape[2]))
        strength, seen = self._strengths[layer], self.seen[layer]
        if not self._factors:
            return torch.addcmul(h, noise, strength, out=seen)
        factor = self._factors[layer]
        if self._drops:
            factor.copy_(noise >= strength).div_(1 - strength)
        else:
            torch.addcmul(self._one, noise, strength, out=factor)
        return torch.mul(h, factor, out=seen)

    def backward(self, layer: int, d: Tensor) -> None:
        """Turn the delta of what the next layer saw into that of h, in place."""
        if self._factors:
            d.mul_(self._factors[layer])
