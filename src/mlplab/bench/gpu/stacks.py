"""A population of a shape as one stack of the engine, ready to take its steps."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from mlplab.bench.gpu.agreement import surroundings
from mlplab.bench.gpu.shapes import Shape
from mlplab.engine.arrange import slots_of
from mlplab.engine.device import device_of
from mlplab.engine.device_feed import DeviceFeed
from mlplab.engine.kernels import products
from mlplab.engine.memory import stack_bytes
from mlplab.engine.order import order
from mlplab.engine.program import Program
from mlplab.engine.recording import recorder_of
from mlplab.engine.stack import Stack
from mlplab.engine.surroundings import training_mode
from mlplab.engine.training import Splits, Training
from mlplab.engine.workshop import MLPWorkshop

_VIEWS = {"view", "slice", "t", "transpose", "unsqueeze", "squeeze", "expand", "select"}
_VIEWS |= {"as_strided", "detach", "alias", "permute", "unbind", "lift_fresh", "_unsafe_view"}


class Ready:
    """A stack with first weights, that walks over its epoch again and again.

    Args:
        shape: of its networks.
        device: as torch names it.
        kernels: how a device multiplies: ``, `tf32` or `bf16`.
        graphs: whether steps are recorded and replayed.
    """

    def __init__(self, shape: Shape, device: str, kernels: str = "", graphs: bool = False) -> None:
        self._device, self._surroundings = device_of(device), (kernels, graphs)
        self.graphs = graphs
        self.n_runs, self.n_steps = shape.n_runs, shape.steps
        task = shape.task()
        with self._inside():
            splits = Splits(task)
            trainings = [Training.begin(run, splits) for run in shape.runs(task)]
            for training in trainings:
                training.split = splits.of(training.run)
            program = trainings[0].program
            assert isinstance(program, Program)
            workshop = MLPWorkshop(program, task, self._device)
            seats, groups = workshop.arrange(trainings)
            # As the workshop makes it for a device: so it can be tried on a CPU as well.
            self._stack = Stack(
                program,
                slots_of(program, seats),
                groups,
                workshop.data,
                products("bf16" if kernels == "bf16" else "device"),
                DeviceFeed,
                recorder_of(program, self._device),
            )
            self._orders = []
            for r, seated in enumerate(seats):
                if seated is not None:
                    self._stack.initialise(r, seated.run)
            for group in groups:
                first = seats[group.start]
                assert first is not None
                rows = order(first.run.seed, 0, first.rows.train)
                self._orders.append(torch.from_numpy(np.array(rows)).to(self._device))
        self.predicted_bytes = stack_bytes(program, len(seats), len(groups))
        self.data_bytes = task.inputs.nbytes + task.targets.nbytes

    def _inside(self) -> ExitStack:
        inside = ExitStack()
        inside.enter_context(surroundings(*self._surroundings))
        inside.enter_context(training_mode(self._device))
        return inside

    def epoch(self) -> None:
        """Take every step of an epoch, as a lane takes them."""
        with self._inside():
            self._stack.begin_epoch(self._orders)
            for step in range(self.n_steps):
                self._stack.step(step)

    def calls(self) -> int:
        """Count what torch is called with in one step, but for views: so many kernels run."""
        with self._inside():
            self._stack.begin_epoch(self._orders)
            with _Calls() as calls:
                self._stack.step(0)
        return int(calls.number)

    def weights(self) -> list[Tensor]:
        """Return the first run's parameters."""
        return [one.cpu().clone() for one in self._stack.slot_weights(0).values()]


class _Calls(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.number = 0

    def __torch_dispatch__(self, call: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.number += call.overloadpacket.__name__ not in _VIEWS
        return call(*args, **(kwargs or {}))
