"""Groups of slots, and the gradient of a layer's weights: added to a tensor or written into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mlplab.engine.kernels import Products


@dataclass(frozen=True)
class Group:
    """Neighbouring slots whose runs see the same batches."""

    start: int
    stop: int
    seed: int


class Spread:
    """Turns one entry per group into one per slot: (G, ...) to (R, ...)."""

    def __init__(self, groups: Sequence[Group], n_slots: int) -> None:
        self._alone = len(groups) == n_slots
        self._group_of = torch.tensor(
            [g for g, group in enumerate(groups) for _ in range(group.start, group.stop)]
        )

    def __call__(self, per_group: Tensor) -> Tensor:
        """Return the entry of each slot's group; what is the same for all groups stays one."""
        if self._alone or len(per_group) == 1:
            return per_group
        return per_group.index_select(0, self._group_of)


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of one layer's weights, (R, O, I), not yet formed.

    Equals `delta[r] @ below[r]^T`; in the first layer, where `below` is None, `delta[r] @ x[g]`
    with the inputs of the run's group.
    """

    products: Products
    delta: Tensor
    below: Tensor | None
    x: Tensor
    groups: Sequence[Group]

    def add_to(self, out: Tensor) -> None:
        """Add the gradient to `out`."""
        if self.below is not None:
            self.products.update(out, self.delta, self.below)
            return
        for g, group in enumerate(self.groups):
            part = slice(group.start, group.stop)
            self.products.shared_update(out[part], self.delta[part], self.x[g])

    def write(self, out: Tensor) -> None:
        """Overwrite `out` with the gradient: one pass over it less than adding to zeros."""
        if self.below is not None:
            self.products.gradient(self.delta, self.below, out)
            return
        for g, group in enumerate(self.groups):
            part = slice(group.start, group.stop)
            self.products.shared_gradient(self.delta[part], self.x[g], out[part])
