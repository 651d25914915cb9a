"""A network's layers as torch modules: all of them, some, or a part of each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Replicate
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

from mlplab.data import Task
from mlplab.engine.initialise import forget_drawn, initial_weight
from mlplab.specs import Run
from mlplab.theory.differentiable import differentiable
from mlplab.theory.split.division import Cut, cuts
from mlplab.theory.split.job import widths_of


class Layers(nn.Module):
    """Affine maps with an activation after each but the network's last; named as everywhere.

    Whatever the split, the parameters of layer 2 are `layers.2.weight` and `layers.2.bias`:
    checkpoints of one split are read by another.
    """

    def __init__(self, activation: str, layers: dict[int, nn.Linear], n_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({str(layer): linear for layer, linear in layers.items()})
        self._activation = differentiable(activation)
        self._last = str(n_layers - 1)

    def forward(self, h: Tensor) -> Tensor:
        """Return the outputs, (B, O), of inputs (B, I)."""
        for name, linear in self.layers.items():
            if isinstance(h, DTensor) and not isinstance(linear.weight, DTensor):
                h = h.to_local()  # the last layer, whole in each process
            h = linear(h)
            if name != self._last:
                h = self._activate(h)
        return h

    def _activate(self, z: Tensor) -> Tensor:
        if not isinstance(z, DTensor):
            return self._activation(z)
        # Elementwise: each process applies it to what it has. Shape and stride are said, since
        # parts of different size do not tell them.
        local = self._activation(z.to_local())
        return DTensor.from_local(
            local, z.device_mesh, z.placements, run_check=False, shape=z.shape, stride=z.stride()
        )


def make_layers(
    run: Run,
    task: Task,
    which: Iterable[int] | None = None,
    device: str = "cpu",
    mesh: DeviceMesh | None = None,
) -> Layers:
    """Return a network at its first weights, those that `mlplab train` begins with.

    Args:
        run: its network, seed and dtype.
        task: its features and outputs.
        which: layers, from 0; by default all.
        device: where they are.
        mesh: processes among which each layer is cut; None leaves them whole.
    """
    widths = widths_of(run, task)
    shapes = dict(enumerate(pairwise(widths)))
    made = {}
    for layer in shapes if which is None else which:
        n_in, n_out = shapes[layer]
        linear = nn.utils.skip_init(  # type: ignore[no-untyped-call]
            nn.Linear, n_in, n_out, device=device, dtype=getattr(torch, run.fit.dtype)
        )
        with torch.no_grad():
            drawn = initial_weight(run.mlp.init, run.seed, layer, n_out, n_in)
            linear.weight.copy_(torch.tensor(drawn))
            linear.bias.zero_()
        if mesh is not None:
            # At once: no process ever holds more than one whole layer.
            _cut(linear, cuts(widths, mesh.size())[layer], layer == len(shapes) - 1, mesh)
        made[layer] = linear
    forget_drawn()
    return Layers(run.mlp.activation, made, len(shapes))


def _cut(linear: nn.Linear, how: Cut, last: bool, mesh: DeviceMesh) -> None:
    """Leave each process its part of a layer."""
    if how == "whole":
        return
    style: ColwiseParallel | RowwiseParallel
    if how == "inputs":
        style = RowwiseParallel(use_local_output=False)
    elif last:
        style = ColwiseParallel(output_layouts=Replicate(), use_local_output=False)
    else:
        style = ColwiseParallel(use_local_output=False)
    # Every process has drawn the same weights: none sends them.
    parallelize_module(linear, mesh, style, src_data_rank=None)
