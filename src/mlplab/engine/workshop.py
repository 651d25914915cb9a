"""How stacks of multilayer perceptrons are seated, made, scored and packed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import torch
from torch import Tensor

from mlplab.data import Task
from mlplab.engine.arrange import arrange
from mlplab.engine.device_feed import DeviceFeed
from mlplab.engine.feed import Feed
from mlplab.engine.kernels import Device, products
from mlplab.engine.memory import StackCapacity
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.modules.workshop import ModuleWorkshop
from mlplab.engine.numerics import device_kernels, kernel_kind
from mlplab.engine.optimisers import Slot
from mlplab.engine.program import TWO_VECTORS, AnyProgram, Program, padded
from mlplab.engine.recording import recorder_of
from mlplab.engine.score import Scorer, Scores, counted
from mlplab.engine.sharing import Group
from mlplab.engine.stack import Stack
from mlplab.engine.tensors import TaskTensors
from mlplab.engine.training import Training
from mlplab.engine.weights import pack_weights
from mlplab.engine.workshop_protocols import AnyStack, Workshop


class MLPWorkshop:
    """Stacks of multilayer perceptrons, with the backward pass written by hand."""

    def __init__(self, program: Program, task: Task, device: torch.device) -> None:
        self._program, self._device = program, device
        dtype = getattr(torch, program.dtype)
        widths = program.padded_widths
        self.data = TaskTensors(task, dtype, widths[0], device, program.widths[0])
        self.counts = counted(program)
        self._products = products(_kernels(program, device))
        self._scorers: dict[int, Scorer] = {}

    def room(self, budget_bytes: int) -> Callable[[Training], bool]:
        """See `memory.StackCapacity`."""
        on_device = isinstance(self._products, Device)
        if self._device.type == "cuda":
            # What the CPU shares with others is no measure here: half of what is free.
            free, _ = torch.cuda.mem_get_info(self._device)
            budget_bytes = max(budget_bytes, free // 2)
        room = StackCapacity(self._program, budget_bytes, cached=not on_device)
        return lambda training: room.let_in((training.batches, training.epoch))

    def arrange(self, active: Sequence[Training]) -> tuple[list[Training | None], list[Group]]:
        """See `arrange.arrange`."""
        return arrange(self._program, active)

    def stack(self, slots: Sequence[Slot | None], groups: Sequence[Group]) -> Stack:
        """Make a stack with weights of zero."""
        on_device = isinstance(self._products, Device)
        feed = DeviceFeed if on_device else Feed
        recorder = recorder_of(self._program, self._device)
        return Stack(self._program, slots, groups, self.data, self._products, feed, recorder)

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
        """See `score.Scorer`."""
        assert isinstance(stack, Stack)
        start, stop = slots
        # Whole turns of the vector loops, as in `arrange`, for any number of slots.
        lanes = min(self._program.score_lanes, padded(len(rows), TWO_VECTORS))
        if lanes not in self._scorers:
            # Kept by width: validation and test splits alternate in every epoch.
            self._scorers[lanes] = Scorer(
                self._program, self.data, self._products, len(stack.slots), lanes
            )
        return self._scorers[lanes].score(
            [w[start:stop] for w in stack.weights],
            [b[start:stop] for b in stack.biases],
            stack.hidden,
            rows,
            name,
            start=start,
            keep_hits=keep_hits,
            keep_outputs=keep_outputs,
        )

    def pack(self, state: dict[str, Tensor]) -> bytes:
        """See `weights.pack_weights`."""
        return pack_weights(state, self._program)


def _kernels(program: Program, device: torch.device) -> str:
    if device.type == "cpu":
        return kernel_kind()
    # TF32 is a way in which the device's own products compute; see `surroundings`.
    rounds = device_kernels() == "bf16" and program.dtype == "float32"
    return "bf16" if rounds else "device"


def workshop_of(program: AnyProgram, task: Task, device: torch.device) -> Workshop:
    """Return what makes the stacks of a program."""
    if isinstance(program, ModuleProgram):
        return ModuleWorkshop(program, task, device)
    return MLPWorkshop(program, task, device)
