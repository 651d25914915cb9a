"""Clipping of gradients, each run by its own bounds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.buffers import Squares
from mlplab.engine.optimisers.base import Slot, per_slot

_SMALL = 1e-6  # torch's clip_grad_norm_ adds it to the norm


class Formed:
    """A gradient that lies in a buffer already; stands where a `Gradient` does."""

    def __init__(self, gradient: Tensor) -> None:
        self._gradient = gradient

    def add_to(self, out: Tensor) -> None:
        """Add the gradient to `out`."""
        out.add_(self._gradient)

    def write(self, out: Tensor) -> None:
        """Overwrite `out` with the gradient."""
        out.copy_(self._gradient)


class Clipping:
    """Bounds on the size of gradient entries, then on the norm of a run's whole gradient."""

    settings_of_step = ("_value", "_norm")

    def __init__(self, like: Tensor, sum_dtype: torch.dtype) -> None:
        self._like = like
        self._sum_dtype = sum_dtype
        self._squares = Squares(sum_dtype)

    def begin_epoch(self, slots: Sequence[Slot | None]) -> None:
        """Take the slots' bounds; 0 stands for none."""
        far = float("inf")
        self._value = per_slot(
            slots, lambda slot: slot.run.optim.clip_value or far, self._like, far
        )
        norm = per_slot(slots, lambda slot: slot.run.optim.clip_norm or far, self._like, far)
        self._norm = norm.view(-1).to(self._sum_dtype)

    def clip(self, gradients: Sequence[Tensor]) -> Tensor:
        """Bound the gradients of all parameters, in place; return the norms before, (R,).

        Equals torch's clip_grad_value_ and then clip_grad_norm_ on each run.
        """
        before = self.norms(gradients)
        for gradient in gradients:
            shape = (-1,) + (1,) * (gradient.ndim - 1)
            bound = self._value.view(shape)
            # Infinite bounds where a run has none: one pass for all slots, and no branch per run.
            torch.clamp(gradient, -bound, bound, out=gradient)
        factor = (self._norm / (self.norms(gradients) + _SMALL)).clamp_(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor.to(gradient.dtype).view((-1,) + (1,) * (gradient.ndim - 1)))
        return before

    def norms(self, gradients: Sequence[Tensor]) -> Tensor:
        """Return the norm of each run's whole gradient, (R,)."""
        total = torch.zeros(len(gradients[0]), dtype=self._sum_dtype)
        for gradient in gradients:
            # One after the other: a sum over a stacked axis adds in an order that depends on r.
            total += self._squares(gradient).flatten(1).sum(1)
        return total.sqrt_()
