"""Groups of slots, and the gradient of a layer's weights: added to a tensor or written into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mlplab.engine.feed import Feed
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


class Gradient:
    """The gradient of one layer's weights, (R, O, I), not yet formed; made once for a stack.

    Equals `delta[r] @ below[r]^T`; in the first layer, where `below` is None, `delta[r] @ x[g]`
    with the inputs of the run's group, as the feed has them at this step.
    """

    def __init__(
        self,
        products: Products,
        delta: Tensor,
        below: Tensor | None,
        feed: Feed,
        groups: Sequence[Group],
    ) -> None:
        self._products = products
        self._delta = delta
        self._below = below
        self._feed = feed
        self._groups = groups
        self._deltas = [] if below is not None else self._blocks(delta)
        self._known: dict[int, tuple[Tensor, list[Tensor]]] = {}

    def _blocks(self, tensor: Tensor) -> list[Tensor]:
        return [self._products.blocks(tensor[g.start : g.stop]) for g in self._groups]

    def _places(self, out: Tensor) -> list[Tensor]:
        """Each group's part of a buffer that is written to in every step."""
        if id(out) not in self._known:
            self._known[id(out)] = (out, self._blocks(out))
        return self._known[id(out)][1]

    def add_to(self, out: Tensor) -> None:
        """Add the gradient to `out`, a buffer of the stack's own."""
        if self._below is not None:
            self._products.update(out, self._delta, self._below)
            return
        for place, delta, x in zip(self._places(out), self._deltas, self._feed.x, strict=True):
            self._products.shared_update(place, delta, x)

    def write(self, out: Tensor) -> None:
        """Overwrite `out` with the gradient: one pass over it less than adding to zeros."""
        if self._below is not None:
            self._products.gradient(self._delta, self._below, out)
            return
        for place, delta, x in zip(self._places(out), self._deltas, self._feed.x, strict=True):
            self._products.shared_gradient(delta, x, place)
