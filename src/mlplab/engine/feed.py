"""Mini-batches of a stack: each group's inputs, targets and example weights, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.buffers import zeros
from mlplab.engine.perturbation import Perturbation
from mlplab.engine.program import Program
from mlplab.engine.tensors import TaskTensors


class Feed:
    """Hands out batches, group by group.

    Few and narrow rows are put into the epoch's order once, and a step's batch is then a view;
    otherwise rows are gathered step by step. The program decides, so companions change nothing.
    Lanes beyond a batch may hold other rows: their share is 0.
    """

    may_keep_epochs = True

    def __init__(
        self,
        program: Program,
        n_groups: int,
        members: int,
        data: TaskTensors,
        dtype: torch.dtype,
    ) -> None:
        """Hold the batches of `n_groups`; for `members` see `sharing.Sharing`."""
        self._program = program
        self._data = data
        self._dtype = dtype
        self._lanes = program.lanes
        self._keeps_epoch = self.may_keep_epochs and program.keeps_epoch
        self._keeps_targets = self.may_keep_epochs and program.keeps_targets
        n_kept = program.kept_rows if self._keeps_epoch else program.lanes
        n_targets = n_kept if self._keeps_targets else program.lanes
        width, n_outputs = program.padded_widths[0], program.widths[-1]
        self._members = members
        self._all = zeros(n_groups, n_kept, width, dtype=dtype)
        self._x = list(self._all)
        self.x = [self._all] * members or self._x
        self._target = zeros(n_groups, n_outputs, n_targets, dtype=dtype)
        self._shares: dict[int, Tensor] = {}
        self._weighted = torch.zeros(n_groups, 1, program.lanes, dtype=dtype)
        self._position = 0

    def begin_epoch(
        self,
        orders: Sequence[Tensor],
        first_step: int,
        perturbations: Sequence[Perturbation] = (),
    ) -> None:
        """Take each group's rows in their order, and what changes its batches, if anything does.

        The epoch goes on at `first_step`.
        """
        self._orders, self._perturbations = orders, perturbations
        self._position = sum(self._program.batch_sizes[:first_step])
        if self._keeps_epoch:
            for g, rows in enumerate(orders):
                self._data.inputs(rows, self._x[g])
                if self._keeps_targets:
                    self._data.training_targets(rows, self._target[g])

    def take(self, n: int, steps: Sequence[tuple[int, int]] = ()) -> tuple[Tensor, Tensor]:
        """Put the next n examples of each group into `x`: the inputs of each part of a `Sharing`.

        Args:
            n: how many.
            steps: (seed, step) of each group, where batches are changed.

        Returns:
            Targets (G, O, lanes), shares (G or 1, 1, lanes).
        """
        start, self._position = self._position, self._position + n
        weighted = self._data.has_weights
        rows = (
            [order[start : start + n] for order in self._orders]
            if weighted or not self._keeps_targets
            else []
        )
        if not self._keeps_targets:
            for g, picked in enumerate(rows):
                self._data.training_targets(picked, self._target[g])
        if self._keeps_epoch:
            # Whole lines: vector loops then have no tail, and a share of 0 silences the rest.
            stop = start + self._lanes
            if self._members:
                self.x = [self._all[:, start:stop]] * self._members
            else:
                self.x = [kept[start:stop] for kept in self._x]
        else:
            for g, picked in enumerate(rows):
                self._data.inputs(picked, self._x[g])
        for g, (change, (_, step)) in enumerate(zip(self._perturbations, steps, strict=True)):
            change.apply(rows[g], step, self._x[g], self._target[g])
        if self._keeps_targets:
            return self._target[:, :, start : start + self._lanes], self._share(rows, n)
        return self._target, self._share(rows, n)

    def gather(self) -> None:
        """Fill what `take` has handed out; here it is there already."""

    def of_group(self, group: int) -> Tensor:
        """Return a group's inputs of this step, (B, I)."""
        return self.x[0][group] if self._members else self.x[group]

    def _share(self, rows: Sequence[Tensor], n: int) -> Tensor:
        if not self._data.has_weights:
            if n not in self._shares:
                share = torch.zeros(1, 1, self._lanes, dtype=self._dtype)
                share[:, :, :n] = 1 / n
                self._shares[n] = share
            return self._shares[n]
        # Lanes beyond a last, smaller batch still hold shares of the batch before.
        self._weighted[:, :, n:] = 0
        for g, picked in enumerate(rows):
            self._weighted[g, 0, :n] = self._data.shares(picked)
        return self._weighted
