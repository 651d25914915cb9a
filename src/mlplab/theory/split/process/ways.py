"""The three ways: what each process computes and sends in a step, until its gradients are there."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.pipelining import PipelineStage, Schedule1F1B
from torch.distributed.tensor import DTensor
from torch.nn import functional

from mlplab.data import Task
from mlplab.specs import Run
from mlplab.theory.split.division import Way, even_parts, layer_sizes, stages
from mlplab.theory.split.job import widths_of
from mlplab.theory.split.process.network import Layers, make_layers

Rows = NDArray[np.int64]


class Examples:
    """Batches of a task as tensors; nothing is converted but what a process needs."""

    def __init__(self, run: Run, task: Task, device: str) -> None:
        self._task = task
        self._device = device
        self._dtype = getattr(torch, run.fit.dtype)
        self._n_features = widths_of(run, task)[0]

    def inputs(self, rows: Rows) -> Tensor:
        """Return inputs, (B, I)."""
        taken = torch.from_numpy(self._task.inputs[rows][:, : self._n_features])
        return taken.to(self._device, self._dtype) * self._task.input_scale

    def targets(self, rows: Rows) -> Tensor:
        """Return class ids, (B,), or numbers, (B, O)."""
        taken = torch.from_numpy(self._task.targets[rows]).to(self._device)
        if self._task.kind == "classification":
            return taken
        return taken.to(self._dtype).view(len(rows), -1)

    def loss(self, outputs: Tensor, targets: Tensor, batch_size: int) -> Tensor:
        """Return these examples' part of the mean loss of a batch."""
        if self._task.kind == "classification":
            return functional.cross_entropy(outputs, targets, reduction="sum") / batch_size
        return (
            functional.mse_loss(outputs, targets, reduction="sum") / outputs[0].numel() / batch_size
        )


class Split(Protocol):
    """A process's part of the network, and of a step."""

    net: Layers

    def backward(self, rows: Rows) -> float:
        """Leave a batch's gradients in the parameters; return this process's part of the loss."""


class Whole:
    """One process: the network and the batch as they are."""

    def __init__(self, run: Run, task: Task, device: str) -> None:
        self.net = make_layers(run, task, device=device)
        self._examples = Examples(run, task, device)

    def backward(self, rows: Rows) -> float:
        """Leave a batch's gradients in the parameters; return its loss."""
        return self._part(rows, len(rows))

    def _part(self, rows: Rows, batch_size: int) -> float:
        outputs = self.net(self._examples.inputs(rows))
        loss = self._examples.loss(outputs, self._examples.targets(rows), batch_size)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()


class Data(Whole):
    """Each process has the whole network and some rows of the batch; gradients are summed."""

    def __init__(self, run: Run, task: Task, device: str) -> None:
        super().__init__(run, task, device)
        self._sums: list[dist.Work] = []
        for parameter in self.net.parameters():
            parameter.register_post_accumulate_grad_hook(self._start_sum)  # type: ignore[no-untyped-call]

    def _start_sum(self, parameter: Tensor) -> None:
        # While it goes around, backward goes on with the layer below.
        assert parameter.grad is not None
        work = dist.all_reduce(parameter.grad, async_op=True)
        assert work is not None
        self._sums.append(work)

    def backward(self, rows: Rows) -> float:
        """Leave the whole batch's gradients in the parameters; return this part's loss."""
        part = even_parts(len(rows), dist.get_world_size())[dist.get_rank()]
        # Parts of the mean over the whole batch: their sum is right for parts of any size.
        loss = self._part(rows[part.start : part.stop], len(rows))
        for work in self._sums:
            work.wait()
        self._sums.clear()
        return loss


class Tensors:
    """Each process has a part of every layer, and sees every example."""

    def __init__(self, run: Run, task: Task, device: str) -> None:
        mesh = init_device_mesh(device.partition(":")[0], (dist.get_world_size(),))
        self.net = make_layers(run, task, device=device, mesh=mesh)
        self._examples = Examples(run, task, device)

    def backward(self, rows: Rows) -> float:
        """Leave this part's gradients in its parameters; the first process returns the loss."""
        outputs = self.net(self._examples.inputs(rows))
        if isinstance(outputs, DTensor):
            outputs = outputs.to_local()
        loss = self._examples.loss(outputs, self._examples.targets(rows), len(rows))
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item() if dist.get_rank() == 0 else 0.0


class Pipeline:
    """Each process has some layers; a batch goes through them in parts, one after the other."""

    def __init__(self, run: Run, task: Task, device: str, batch_size: int, n_parts: int) -> None:
        rank, n_stages = dist.get_rank(), dist.get_world_size()
        widths = widths_of(run, task)
        mine = stages(layer_sizes(widths), n_stages)[rank]
        self.net = make_layers(run, task, mine, device)
        self._examples = Examples(run, task, device)
        self._first, self._last = rank == 0, rank == n_stages - 1

        def like(width: int, learns: bool) -> Tensor:
            return torch.empty(
                (batch_size // n_parts, width),
                dtype=getattr(torch, run.fit.dtype),
                device=device,
                # Whether a gradient comes back for it.
                requires_grad=learns,
            )

        stage = PipelineStage(
            self.net,
            rank,
            n_stages,
            torch.device(device),
            input_args=(like(widths[mine.start], not self._first),),
            output_args=like(widths[mine.stop], True),
        )
        # Parts of the mean over the whole batch, as with data: nothing is to be scaled.
        self._schedule = Schedule1F1B(
            stage,
            n_parts,
            loss_fn=lambda outputs, targets: self._examples.loss(outputs, targets, batch_size),
            scale_grads=False,
        )

    def backward(self, rows: Rows) -> float:
        """Leave this stage's gradients in its parameters; the last process returns the loss."""
        given = (self._examples.inputs(rows),) if self._first else ()
        if not self._last:
            self._schedule.step(*given)
            return 0.0
        losses: list[Tensor] = []
        self._schedule.step(*given, target=self._examples.targets(rows), losses=losses)
        return float(torch.stack([loss.detach() for loss in losses]).sum())


def make_split(run: Run, task: Task, way: Way, device: str, batch_size: int, n_parts: int) -> Split:
    """Return this process's part, at the first weights."""
    if dist.get_world_size() == 1:
        return Whole(run, task, device)
    if way == "data":
        return Data(run, task, device)
    if way == "tensor":
        return Tensors(run, task, device)
    return Pipeline(run, task, device, batch_size, n_parts)
