"""How stacks of modules are seated, made, scored and packed; see `workshop_protocols.Workshop`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import torch
from torch import Tensor

from mlplab.data import Task
from mlplab.engine.memory import ModuleStackCapacity
from mlplab.engine.modules.factory import make_module
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.modules.score import ModuleScorer, pack_module
from mlplab.engine.modules.skeleton import Skeleton
from mlplab.engine.modules.stack import ModuleStack
from mlplab.engine.optimisers import Slot
from mlplab.engine.score import Scores, counted
from mlplab.engine.sharing import Group
from mlplab.engine.tensors import TaskTensors
from mlplab.engine.training import Training
from mlplab.engine.workshop_protocols import AnyStack


class ModuleWorkshop:
    """Stacks of users' modules, trained by torch's autograd."""

    def __init__(self, program: ModuleProgram, task: Task, device: torch.device) -> None:
        self._program, self._device = program, device
        self._seats: dict[str, int] = {}
        dtype = getattr(torch, program.dtype)
        self.data = TaskTensors(task, dtype, program.n_features, device)
        self.counts = counted(program)
        sizes = program.n_features, program.n_outputs
        # Two: training and evaluation mode are attributes of the module itself.
        models = [make_module(program.net, *sizes, dtype, seed=0).to(device) for _ in range(2)]
        self._skeleton = Skeleton(models[0].train())
        self._scorer = ModuleScorer(program, Skeleton(models[1].eval()), self.data, device)

    def room(self, budget_bytes: int) -> Callable[[Training], bool]:
        """See `memory.ModuleStackCapacity`."""
        room = ModuleStackCapacity(self._program, budget_bytes)
        return lambda training: room.let_in(self._seat(training))

    def arrange(self, active: Sequence[Training]) -> tuple[list[Training | None], list[Group]]:
        """Give each run its own seat in the first team where it is free; each is a group."""
        team = self._program.team
        seats: list[Training | None] = []
        groups: list[Group] = []
        for training in active:
            at = self._seat(training)
            while at < len(seats) and seats[at] is not None:
                at += team
            if at >= len(seats):
                seats += [None] * team
            seats[at] = training
            groups.append(Group(at, at + 1, training.run.seed))
        return seats, groups

    def _seat(self, training: Training) -> int:
        if training.key not in self._seats:
            self._seats[training.key] = self._program.seat(training.run)
        return self._seats[training.key]

    def stack(self, slots: Sequence[Slot | None], groups: Sequence[Group]) -> ModuleStack:
        """Make a stack with weights of zero."""
        return ModuleStack(self._program, self._skeleton, slots, groups, self.data, self._device)

    def score(
        self,
        stack: AnyStack,
        rows: Tensor,
        name: Hashable,
        slots: tuple[int, int],
        *,
        keep_hits: bool,
        keep_outputs: bool,
    ) -> Scores:
        """See `score.ModuleScorer`."""
        occupied = [
            None if slot is None else (stack.slot_weights(r), slot.run.seed)
            for r, slot in enumerate(stack.slots[slots[0] : slots[1]], start=slots[0])
        ]
        return self._scorer.score_slots(occupied, rows, keep_hits, keep_outputs)

    def pack(self, state: dict[str, Tensor]) -> bytes:
        """See `score.pack_module`."""
        return pack_module(state, self._program)
