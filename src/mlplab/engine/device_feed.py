"""Mini-batches where each call costs more than its arithmetic: all groups gathered at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.feed import Feed
from mlplab.engine.perturbation import Perturbation
from mlplab.engine.program import Program
from mlplab.engine.tensors import TaskTensors


class DeviceFeed(Feed):
    """Batches at fixed places: `take` writes which rows they are, `gather` fetches these.

    What `gather` does is the same in every step, so that it can be recorded (see `recording`).
    """

    may_keep_epochs = False

    def __init__(
        self,
        program: Program,
        n_groups: int,
        members: int,
        data: TaskTensors,
        dtype: torch.dtype,
    ) -> None:
        super().__init__(program, n_groups, members, data, dtype)
        self._rows = torch.zeros(n_groups, self._lanes, dtype=torch.int64)
        self._changes: list[tuple[Perturbation, Tensor, int]] = []

    def begin_epoch(
        self,
        orders: Sequence[Tensor],
        first_step: int,
        perturbations: Sequence[Perturbation] = (),
    ) -> None:
        """Take each group's rows in their order; see `Feed`."""
        super().begin_epoch(orders, first_step, perturbations)
        self._all_orders = torch.stack(list(orders))

    def take(self, n: int, steps: Sequence[tuple[int, int]] = ()) -> tuple[Tensor, Tensor]:
        """Say where the next n examples of each group will be; see `Feed`."""
        start, self._position = self._position, self._position + n
        self._rows[:, :n].copy_(self._all_orders[:, start : start + n])
        self._n = n
        self._changes = [
            (change, self._rows[g, :n], step)
            for g, (change, (_, step)) in enumerate(zip(self._perturbations, steps, strict=True))
        ]
        share = self._weighted if self._data.has_weights else self._share((), n)
        return self._target, share

    def gather(self) -> None:
        """Fetch the rows of all groups; lanes beyond a batch get some, with a share of 0."""
        self._data.batch_inputs(self._rows, self._all)
        self._data.batch_targets(self._rows, self._target)
        if self._data.has_weights:
            self._weighted.zero_()
            self._data.batch_shares(self._rows[:, : self._n], self._weighted[:, 0, : self._n])
        for g, (change, rows, step) in enumerate(self._changes):
            change.apply(rows, step, self._x[g], self._target[g])
