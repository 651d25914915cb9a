"""Learned slopes for negative inputs: the parametric ReLU."""

from __future__ import annotations

import torch
from torch import Tensor

from mlplab.engine.activations import Activation
from mlplab.engine.layout import slots_apart


class Slopes:
    """h = max(z, 0) + slope * min(z, 0), one learned slope per layer or per unit.

    dh/dslope = min(z, 0); at z = 0 the derivative is 1, as torch has it for slope * z <= 0.
    Source: He et al. (2015), arXiv 1502.01852.
    """

    def __init__(self, n_slots: int, width: int, act: Activation, dtype: torch.dtype) -> None:
        n_slopes = width if act.slopes == "unit" else 1
        self.slope = slots_apart(n_slots, n_slopes, dtype=dtype).fill_(act.slope)
        self.gradient = torch.zeros(n_slots, n_slopes, dtype=dtype)

    def forward(self, h: Tensor, start: int = 0, stop: int | None = None) -> None:
        """Overwrite z by h, for the slots from `start` to `stop`."""
        # Both halves by clamping: no boolean mask, which is far slower.
        below = h.clamp(max=0.0)
        h.clamp_(min=0.0)
        h.addcmul_(below, self.slope[start:stop].unsqueeze(2))

    def backward(self, d: Tensor, z: Tensor) -> None:
        """Overwrite d by d * dh/dz, and note the slope's gradient."""
        below = z.clamp(max=0.0)
        by_unit = (d * below).sum(2)
        per_layer = self.slope.shape[1] == 1
        self.gradient.copy_(by_unit.sum(1, keepdim=True) if per_layer else by_unit)
        factor = torch.where(z > 0, torch.ones_like(z), self.slope.unsqueeze(2))
        d.mul_(factor)
