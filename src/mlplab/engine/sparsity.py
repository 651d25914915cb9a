"""The L1 penalty as a soft threshold after each step: weights that reach 0 stay there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.optimisers.base import Slot, rates_of


class SoftThreshold:
    """w <- sign(w) max(|w| - lr l1, 0) for matrices, after the optimiser's step.

    The proximal step of l1 |w|: with plain SGD the whole is proximal gradient descent. With
    optimisers that scale each step by itself, the threshold is still lr * l1.

    Source: Daubechies, Defrise and De Mol (2004); Parikh and Boyd, Proximal algorithms (2014).
    """

    settings_of_step = ("_edge",)

    def __init__(self, like: Tensor) -> None:
        self._like = like

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take the slots' penalties and rates."""
        penalties = [0.0 if slot is None else slot.run.optim.l1 for slot in slots]
        l1 = torch.tensor(penalties, dtype=self._like.dtype, device=self._like.device)
        self._edges = rates_of(slots, n_steps, self._like).map(lambda r: r * l1.view(-1, 1, 1))

    def begin_step(self, step: int) -> None:
        """Take the step's thresholds."""
        self._edge = self._edges.at(step)

    def apply(self, weights: Sequence[Tensor]) -> None:
        """Shrink the weights of all layers, each (R, O, I)."""
        for weight in weights:
            # w less its part inside the edge is the soft threshold, and is exactly 0 there.
            weight.sub_(torch.clamp(weight, -self._edge, self._edge))
