"""The oracle: a run's training written out with torch's autograd and torch.optim, one run only."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mlplab.data import Task
from mlplab.engine.initialise import initial_weight
from mlplab.engine.noise import KeyedNoise, realised_rate
from mlplab.engine.order import order
from mlplab.engine.program import padded
from mlplab.engine.weights import unpack_weights
from mlplab.specs import SGD, AdamW, Run

ACTS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}


@dataclass
class Plain:
    """A plain training: parameters (weight, bias) by layer, and what was seen on the way."""

    params: list[tuple[Tensor, Tensor]]
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)


def first_params(run: Run, task: Task) -> list[tuple[Tensor, Tensor]]:
    """Draw a run's first parameters, ready for autograd."""
    dtype = getattr(torch, run.fit.dtype)
    widths = [task.n_features, *run.net.hidden, task.n_outputs]
    made = []
    for layer, (n_in, n_out) in enumerate(pairwise(widths)):
        drawn = np.array(initial_weight(run.net.init, run.seed, layer, n_out, n_in))
        weight = torch.from_numpy(drawn).to(dtype).requires_grad_()
        made.append((weight, torch.zeros(n_out, dtype=dtype, requires_grad=True)))
    return made


def forward(
    run: Run, params: list[tuple[Tensor, Tensor]], x: Tensor, masks: list[Tensor] | None = None
) -> Tensor:
    """Return outputs (N, O)."""
    h = x
    for i, (weight, bias) in enumerate(params):
        if i:
            h = ACTS[run.net.activation](h)
            if masks is not None:
                h = h * masks[i - 1]
        h = h @ weight.t() + bias
    return h


def example_losses(run: Run, task: Task, z: Tensor, rows: np.ndarray) -> Tensor:
    """Return each example's loss, (N,)."""
    y = torch.from_numpy(np.array(task.targets[rows]))
    if task.kind == "classification" and run.fit.loss != "squared":
        return functional.cross_entropy(z, y, reduction="none")
    target = functional.one_hot(y, task.n_outputs) if task.kind == "classification" else y
    return (z - target.to(z.dtype)).square().mean(1)


def batch_loss(run: Run, task: Task, z: Tensor, rows: np.ndarray) -> Tensor:
    """Return the weighted mean of the examples' losses; 0 where all weights are 0."""
    losses = example_losses(run, task, z, rows)
    if task.weights is None:
        return losses.mean()
    weights = torch.from_numpy(np.array(task.weights[rows])).to(losses.dtype)
    return (weights * losses).sum() / weights.sum().clamp_min(1e-37)


def inputs(run: Run, task: Task, rows: np.ndarray) -> Tensor:
    """Return the inputs of rows as floats, (N, I)."""
    x = torch.from_numpy(np.array(task.inputs[rows])).to(getattr(torch, run.fit.dtype))
    return x * task.input_scale


def dropout_masks(run: Run, n: int, step: int, lanes: int) -> list[Tensor] | None:
    """Return the masks of one step by their definition: 0, or 1 / (1 - realised rate)."""
    if not run.net.dropout:
        return None
    masks = []
    for layer, (width, rate) in enumerate(zip(run.net.hidden, run.net.dropout, strict=True)):
        noise = KeyedNoise().draw([(run.seed, step)], layer, width, lanes)[0].float() + 32_768
        real = realised_rate(rate)
        keep = noise.t()[:n].to(torch.float64) >= real * 65_536
        masks.append((keep.double() / (1 - real)).to(getattr(torch, run.fit.dtype)))
    return masks


def train_plainly(run: Run, task: Task) -> Plain:
    """Train one run as a reader of the chapter would, batch by batch."""
    rows = task.split(run.seed, run.rows).train
    made = Plain(first_params(run, task))
    optimiser = make_optimiser(run, [p for pair in made.params for p in pair])
    size = run.fit.batch_size
    n_batches = -(-len(rows) // size) if run.fit.last_batch == "keep" else len(rows) // size
    lanes = padded(min(size, len(rows)))
    for epoch in range(run.fit.epochs):
        for group in optimiser.param_groups:
            group["lr"] = run.optim.lr * run.optim.schedule.factor(epoch, run.fit.epochs)
        ordered, total, norm, seen = order(run.seed, epoch, rows), 0.0, 0.0, 0
        for batch in range(n_batches):
            picked = ordered[batch * size : (batch + 1) * size]
            masks = dropout_masks(run, len(picked), epoch * n_batches + batch, lanes)
            z = forward(run, made.params, inputs(run, task, picked), masks)
            total += float(example_losses(run, task, z, picked).sum().detach())
            seen += len(picked)
            optimiser.zero_grad()
            batch_loss(run, task, z, picked).backward()
            squares = sum(
                float(p.grad.double().square().sum()) for pair in made.params for p in pair
            )
            norm += squares**0.5
            optimiser.step()
        made.losses.append(total / seen)
        made.norms.append(norm / n_batches)
    return made


def make_optimiser(run: Run, params: list[Tensor]) -> torch.optim.Optimizer:
    """Make torch's own optimiser of the same name."""
    optim = run.optim
    common: dict[str, Any] = {"lr": optim.lr, "weight_decay": optim.weight_decay}
    if isinstance(optim, SGD):
        return torch.optim.SGD(params, momentum=optim.momentum, **common)
    make = torch.optim.AdamW if isinstance(optim, AdamW) else torch.optim.Adam
    return make(params, betas=optim.betas, eps=optim.eps, **common)


def assert_same_weights(blob: bytes | None, plain: Plain, **tolerance: float) -> None:
    """Compare a finished run's weights with a plain training's."""
    assert blob is not None
    found = unpack_weights(blob)
    assert len(found) == len(plain.params)
    for (weight, bias), (other_weight, other_bias) in zip(found, plain.params, strict=True):
        torch.testing.assert_close(weight, other_weight.detach(), **tolerance)
        torch.testing.assert_close(bias, other_bias.detach(), **tolerance)
