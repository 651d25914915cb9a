"""Groups of slots with shared mini-batches, and how the first layer's products use them."""

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
        self.group_of = torch.tensor(
            [g for g, group in enumerate(groups) for _ in range(group.start, group.stop)]
        )
        """The number of each slot's group, (R,)."""

    def __call__(self, per_group: Tensor) -> Tensor:
        """Return the entry of each slot's group; what is the same for all groups stays one."""
        if self._alone or len(per_group) == 1:  # broadcasting does the rest, without a copy
            return per_group
        return per_group.index_select(0, self.group_of)


class Sharing:
    """Cuts tensors of the first layer into parts, each one product over shared inputs.

    A part is a group, or, where groups are many and small, one block of runs of every group.
    Either way each block is a slice of a batched product: the cut changes no bit.

    Attributes:
        members: blocks in each group where a part takes one of every group, else 0.
    """

    def __init__(self, products: Products, groups: Sequence[Group], width: int) -> None:
        self._products = products
        self._groups = groups
        sizes = {group.stop - group.start for group in groups}
        blocks = max(sizes) // max(1, products.runs_in_block(width))
        self.members = blocks if products.strided and len(sizes) == 1 < len(groups) else 0
        # The cut that makes fewer products wins: a call costs about 3 microseconds.
        if self.members > len(groups):
            self.members = 0

    def parts(self, tensor: Tensor) -> list[Tensor]:
        """Return views of a tensor (R, N, M) of the first layer."""
        if self.members:
            blocks = self._products.blocks(tensor)
            # Groups have equally many blocks: those of one rank lie at one stride.
            return [blocks[member :: self.members] for member in range(self.members)]
        return [self._products.blocks(tensor[g.start : g.stop]) for g in self._groups]
