"""A stack of modules: teams side by side, with what each run sees."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.buffers import LARGE_BYTES
from mlplab.engine.heap import give_back
from mlplab.engine.modules.factory import make_module
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.modules.skeleton import Skeleton
from mlplab.engine.modules.team import Team
from mlplab.engine.optimisers import Slot
from mlplab.engine.perturbation import Perturbation
from mlplab.engine.places import put_state
from mlplab.engine.sharing import Group
from mlplab.engine.tensors import TaskTensors
from mlplab.specs import Module, Run

OWN = "module/"
"""Before the names of a module's parameters and buffers in a slot's state."""


class ModuleStack:
    """Slots in teams, the seats of one call; each run goes through rows of its own.

    Autograd needs tensors of its normal mode, which the lane that trains a stack is not in.
    """

    @torch.inference_mode(False)
    def __init__(
        self,
        program: ModuleProgram,
        skeleton: Skeleton,
        slots: Sequence[Slot | None],
        groups: Sequence[Group],
        data: TaskTensors,
        device: torch.device,
    ) -> None:
        self.slots = list(slots)
        self.groups = list(groups)
        self._program, self._data, self._device = program, data, device
        size = program.team
        self._teams = [
            Team(program, skeleton, self.slots[i : i + size]) for i in range(0, len(slots), size)
        ]
        self.loss_sums = torch.zeros(len(slots), dtype=self._teams[0].sum_dtype, device=device)
        self.hit_sums = torch.zeros_like(self.loss_sums)
        self.norm_sums = torch.zeros_like(self.loss_sums)
        self._batches: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
        self._orders = torch.zeros(0, 0, dtype=torch.int64)
        self._position = 0
        self._perturbations: list[Perturbation | None] = []

    def initialise(self, slot: int, run: Run) -> None:
        """Draw a slot's first weights, as the module draws them; see `factory.make_module`."""
        assert isinstance(run.net, Module)
        program = self._program
        dtype = getattr(torch, program.dtype)
        made = make_module(run.net, program.n_features, program.n_outputs, dtype, run.seed)
        found = {**dict(made.named_parameters()), **dict(made.named_buffers())}
        own = {f"{OWN}{name}": tensor.detach() for name, tensor in found.items()}
        put_state(own, self.slot_weights(slot))
        if sum(tensor.nbytes for tensor in own.values()) >= LARGE_BYTES:
            # What is drawn next need not fit the gap: four runs left a heap of four modules.
            del made, found, own
            give_back()

    def slot_state(self, slot: int) -> dict[str, Tensor]:
        """Return views of all that a slot must carry along: weights and optimiser state."""
        team, seat = self._seat(slot)
        out = self.slot_weights(slot)
        if team.averaging is not None:
            out |= {f"average/{name}": mean[seat] for name, mean in team.averaging.means.items()}
        return out | {f"optimiser/{name}": tensor[seat] for name, tensor in team.state.items()}

    def slot_weights(self, slot: int) -> dict[str, Tensor]:
        """Return views of what a slot's outputs depend on, by name."""
        team, seat = self._seat(slot)
        return {f"{OWN}{name}": t[seat] for name, t in (team.learned | team.carried).items()}

    def load(self, slot: int, state: dict[str, Tensor]) -> None:
        """Put a state from `slot_state` into a slot.

        Raises:
            StoreError: it is the state of another network.
        """
        put_state(state, self.slot_state(slot))

    def load_weights(self, slot: int, weights: dict[str, Tensor]) -> None:
        """Put weights from `slot_weights` into a slot."""
        put_state(weights, self.slot_weights(slot))

    def swap_averages(self) -> None:
        """Exchange weights and their running means, where runs have them; see `Averaging`."""
        for team in self._teams:
            if team.averaging is not None:
                team.averaging.swap()

    def finite(self) -> Tensor:
        """Say for each slot whether all its parameters and buffers are finite, (R,) bool."""
        return torch.cat([team.finite() for team in self._teams])

    @torch.inference_mode(False)
    def begin_epoch(self, orders: Sequence[Tensor], first_step: int = 0) -> None:
        """Take the slots' settings for their present epochs, and each run's order of rows."""
        size, sizes = self._program.team, self._program.batch_sizes
        self._position = sum(sizes[:first_step])
        # Idle seats see the first row again and again; their rates are 0.
        self._orders = torch.zeros(
            len(self.slots), sum(sizes), dtype=torch.int64, device=self._device
        )
        for group, order in zip(self.groups, orders, strict=True):
            self._orders[group.start] = order[: sum(sizes)]
        if self._program.perturbs:
            self._perturbations = [
                None if slot is None else Perturbation(slot.run, slot.epoch, self._data)
                for slot in self.slots
            ]
        for i, team in enumerate(self._teams):
            team.slots = self.slots[i * size : (i + 1) * size]
            team.begin_epoch(len(sizes))

    @torch.inference_mode(False)
    def step(self, step: int) -> None:
        """Train every slot on the next batch of its rows.

        Raises:
            ConfigError: the module fails.
        """
        n, size = self._program.batch_sizes[step], self._program.team
        for i, team in enumerate(self._teams):
            mine = slice(i * size, (i + 1) * size)
            rows = self._orders[mine, self._position : self._position + n]
            x, target, share = self._gather(rows)
            for seat, slot in enumerate(team.slots):
                change = self._perturbations[mine][seat] if self._perturbations else None
                if slot is not None and change is not None:
                    change.apply(rows[seat], slot.step + step, x[seat], target[seat])
            found = team.step(step, x, target, share)
            sums = (self.loss_sums, self.hit_sums, self.norm_sums)
            for total, value in zip(sums, found, strict=True):
                total[mine] += value
        self._position += n

    def _gather(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs (T, n, I), targets (T, O, n) and shares (T, 1, n) of rows (T, n)."""
        size, n = rows.shape
        x, target, share = self._buffers(n)
        flat = rows.reshape(-1)
        self._data.inputs(flat, x.view(size * n, -1))
        # One gather for all seats and one copy, rather than eight gathers.
        picked = target.new_empty(target.shape[1], size * n)
        self._data.training_targets(flat, picked)
        target.copy_(picked.view(-1, size, n).transpose(0, 1))
        if self._data.has_weights:
            for seat in range(size):
                share[seat, 0] = self._data.shares(rows[seat])
        return x, target, share

    def _buffers(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """What one team at a time sees; made once for each size of batch."""
        if n not in self._batches:
            program, place = self._program, self._device
            dtype, size = getattr(torch, program.dtype), program.team
            x = torch.zeros(size, n, program.n_features, dtype=dtype, device=place)
            target = torch.zeros(size, program.n_outputs, n, dtype=dtype, device=place)
            share = torch.full((size, 1, n), 1 / n, dtype=dtype, device=place)
            self._batches[n] = (x, target, share)
        return self._batches[n]

    def _seat(self, slot: int) -> tuple[Team, int]:
        team, seat = divmod(slot, self._program.team)
        return self._teams[team], seat
