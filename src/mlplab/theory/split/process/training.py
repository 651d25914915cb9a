"""One process's training: its steps, what it sends and takes, and its checkpoints."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from mlplab.data import Task
from mlplab.engine.batches import batch_sizes
from mlplab.engine.heap import map_large_arrays
from mlplab.engine.order import order
from mlplab.specs import Run
from mlplab.theory.split.job import Job
from mlplab.theory.split.kept_steps import begin_step, finish_step, unfinished
from mlplab.theory.split.process.checkpoint import load, save
from mlplab.theory.split.process.costs import Costs
from mlplab.theory.split.process.descent import torch_optimiser
from mlplab.theory.split.process.peak import Peak
from mlplab.theory.split.process.ways import Rows, make_split

_COUNTED = 1  # the second step: in the first, stages also tell each other what they will send


def train_part(job: Job, task: Task, tell: Callable[[str, Any], None]) -> dict[str, Any]:
    """Train this process's part to the end; the process group is there.

    Args:
        job: what is trained.
        task: the data.
        tell: called with what happens ("begin", "step", "kept") and the steps so far.

    Returns:
        The losses of all steps, the same in each process, and what this process took and sent.
    """
    device = job.device
    if device != "cpu":
        device = f"{device}:{dist.get_rank() % torch.cuda.device_count()}"
        torch.cuda.set_device(device)
    map_large_arrays()
    rows = task.split(job.run.seed, job.run.rows).train
    batch_size = min(job.run.fit.batch_size, len(rows))
    _warm_up(job, task, device, rows[:batch_size])
    peak = Peak(device)
    split = make_split(job.run, task, job.way, device, batch_size, job.n_parts)
    parameters = dict(split.net.named_parameters())
    optim = torch_optimiser(job.run.optim, parameters)
    if job.resume is not None:
        load(job.resume, parameters, optim)
    # Drawing first weights takes memory that training does not.
    peak.begin()
    first, costs = len(job.losses), Costs()
    losses: list[float] = []
    tell("begin", first)
    for step, taken, rate in _batches(job.run, rows, batch_size, job.n_steps):
        if step < first:
            continue
        for group in optim.param_groups:
            group["lr"] = rate
        with costs.count() if step == min(first + _COUNTED, job.n_steps - 1) else costs.clock():
            optim.zero_grad(set_to_none=True)
            losses.append(split.backward(taken))
            optim.step()
        tell("step", step + 1)
        if job.keep is not None and (step + 1) % job.keep_every == 0:
            _keep(job, step + 1, parameters, optim, job.losses + _sum(losses, device))
            tell("kept", step + 1)
    return {
        "losses": job.losses + _sum(losses, device),
        "memory_bytes": peak.bytes(),
        **_held(parameters, optim),
        **costs.measured(),
    }


def _warm_up(job: Job, task: Task, device: str, rows: Rows) -> None:
    """Train a tiny network two steps, split as the other will be, and touch the data.

    What this loads is no memory of a network's: code, connections, pages of the data.
    """
    narrow = (dist.get_world_size(),) * len(job.run.mlp.hidden)
    run = job.run.replace(net=job.run.mlp.replace(hidden=narrow))
    split = make_split(run, task, job.way, device, len(rows), job.n_parts)
    optim = torch_optimiser(run.optim, dict(split.net.named_parameters()))
    for _ in range(2):
        split.backward(rows)
        optim.step()
    task.inputs.reshape(-1).view(np.uint8)[:: mmap.PAGESIZE].max()


def _batches(
    run: Run, rows: Rows, batch_size: int, n_steps: int
) -> Iterator[tuple[int, Rows, float]]:
    """Yield each step's number, rows and rate: the batches that `mlplab train` sees."""
    sizes = batch_sizes(len(rows), batch_size, keep_partial=False)
    for step in range(n_steps):
        epoch, turn = divmod(step, len(sizes))
        if turn == 0:
            ordered = order(run.seed, epoch, rows)
            factors = run.optim.schedule.factors(epoch, run.fit.epochs, len(sizes))
        yield (
            step,
            ordered[turn * batch_size : (turn + 1) * batch_size],
            run.optim.lr * factors[turn],
        )


def _keep(
    job: Job,
    step: int,
    parameters: dict[str, nn.Parameter],
    optim: torch.optim.Optimizer,
    losses: list[float],
) -> None:
    assert job.keep is not None
    if dist.get_rank() == 0:
        begin_step(job.keep)
    dist.barrier()
    save(unfinished(job.keep), parameters, optim)
    dist.barrier()
    if dist.get_rank() == 0:
        note = {"run": job.run.key, "step": step, "losses": losses, "way": job.way}
        finish_step(job.keep, step, note)


def _sum(losses: list[float], device: str) -> list[float]:
    """Return the losses of steps, of which each process has a part."""
    parts = torch.tensor(losses, dtype=torch.float64, device=device)
    dist.all_reduce(parts)
    whole: list[float] = parts.tolist()
    return whole


def _held(
    parameters: dict[str, nn.Parameter], optim: torch.optim.Optimizer
) -> dict[str, int | dict[str, int]]:
    """Return the bytes of what a process keeps from step to step."""
    state = [value for kept in optim.state.values() for value in kept.values()]
    return {
        "n_parameters": sum(_local(p).numel() for p in parameters.values()),
        "held_bytes": {
            "parameters": sum(map(_bytes, parameters.values())),
            "gradients": sum(_bytes(p.grad) for p in parameters.values() if p.grad is not None),
            "optimiser": sum(_bytes(value) for value in state if isinstance(value, Tensor)),
        },
    }


def _local(tensor: Tensor) -> Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _bytes(tensor: Tensor) -> int:
    local = _local(tensor)
    return local.numel() * local.element_size()
