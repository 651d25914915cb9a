"""What others do with the same populations: plain torch one by one, and torch.func on a stack."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from mlplab.bench.gpu.shapes import Shape


class PlainTorch:
    """One network after another: autograd and torch.optim, rows taken from tensors on the device.

    One network's epoch stands for all: each takes as long.
    """

    n_runs = 1

    def __init__(self, shape: Shape, device: str, kernels: str = "") -> None:
        self._device, self._kernels, self._batch = device, kernels, shape.batch
        self.n_steps = shape.steps
        self._inputs, self._targets = _data(shape, device)
        torch.manual_seed(0)
        self._net = _network(shape).to(device)
        self._optimiser = _optimiser(shape, list(self._net.parameters()), device)

    def epoch(self) -> None:
        """Take every step of an epoch."""
        rows = torch.randperm(len(self._inputs), device=self._device).view(-1, self._batch)
        for picked in rows:
            x, y = self._inputs[picked], self._targets[picked]
            self._optimiser.zero_grad()
            with products(self._kernels, self._device):
                loss = nn.functional.cross_entropy(self._net(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()


class TorchFunc:
    """All networks at once: `vmap` of `grad` over stacked parameters, moved by torch.optim."""

    def __init__(self, shape: Shape, device: str, kernels: str = "") -> None:
        self._device, self._kernels, self._batch = device, kernels, shape.batch
        self.n_runs, self.n_steps = shape.n_runs, shape.steps
        self._inputs, self._targets = _data(shape, device)
        torch.manual_seed(0)
        nets = [_network(shape).to(device) for _ in range(self.n_runs)]
        self._params, _ = stack_module_state(nets)
        skeleton = nets[0]

        def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return nn.functional.cross_entropy(functional_call(skeleton, params, (x,)), y)

        self._gradients = vmap(grad(loss))
        rates = torch.tensor(shape.rates * shape.seeds, device=device)
        # Plain SGD with a rate for each network is a line; the others have one rate here.
        self._rates = rates if shape.optimiser == "sgd" else None
        leaves = list(self._params.values())
        self._optimiser = None if self._rates is not None else _optimiser(shape, leaves, device)

    def epoch(self) -> None:
        """Take every step of an epoch; each network has batches of its own."""
        n = len(self._inputs)
        orders = [torch.randperm(n, device=self._device) for _ in range(self.n_runs)]
        rows = torch.stack(orders).view(self.n_runs, -1, self._batch)
        for step in range(rows.shape[1]):
            picked = rows[:, step]
            with products(self._kernels, self._device):
                found = self._gradients(self._params, self._inputs[picked], self._targets[picked])
            for name, leaf in self._params.items():
                if self._optimiser is not None:
                    leaf.grad = found[name]
                    continue
                assert self._rates is not None
                rate = self._rates.view(-1, *[1] * (leaf.ndim - 1))
                with torch.no_grad():
                    leaf.sub_(rate * found[name])
            if self._optimiser is not None:
                self._optimiser.step()


def products(kernels: str, device: str) -> AbstractContextManager[Any]:
    """Let products be of bfloat16 by autocast, if asked; for TF32 see `tensor_float`."""
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16) if kernels == "bf16" else nullcontext()


def _network(shape: Shape) -> nn.Sequential:
    widths = (shape.features, *shape.hidden, shape.classes)
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _optimiser(shape: Shape, params: list[Any], device: str) -> torch.optim.Optimizer:
    if shape.optimiser == "sgd":
        return torch.optim.SGD(params, lr=shape.rates[0])
    fused = torch.device(device).type == "cuda"  # what whoever cares for speed would take
    return torch.optim.AdamW(params, lr=shape.rates[0], fused=fused)


def _data(shape: Shape, device: str) -> tuple[Tensor, Tensor]:
    task = shape.task()
    arrays = torch.from_numpy(task.inputs), torch.from_numpy(task.targets)
    inputs, targets = (array.to(device) for array in arrays)
    return inputs, targets
