"""Whether a stack takes the bytes on a device that the memory model predicts."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import torch

import mlplab as ml
from mlplab.bench.gpu.shapes import Shape
from mlplab.bench.gpu.stacks import Ready


@dataclass(frozen=True)
class Bytes:
    """What a population of a shape takes on a device, in bytes.

    Attributes:
        stack: as `engine.memory` predicts it, scoring included.
        data: of the task, on the device too.
        cost: `Experiment.cost`'s, which counts what the host holds as well.
        peak: the most that torch had on the device; None where there is no such count.
    """

    shape: str
    kernels: str
    stack: int
    data: int
    cost: int
    peak: int | None

    @property
    def ratio(self) -> float | None:
        """Peak over what was predicted for the device."""
        return None if self.peak is None else self.peak / (self.stack + self.data)


def taken(shape: Shape, device: str, kernels: str = "", graphs: bool = False) -> Bytes:
    """Train two epochs of a shape, and compare its peak with what was predicted."""
    on_gpu = torch.device(device).type == "cuda"
    before = 0
    if on_gpu:
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
    ready = Ready(shape, device, kernels, graphs)
    ready.epoch()
    ready.epoch()
    peak = torch.cuda.max_memory_allocated(device) - before if on_gpu else None
    task = shape.task()
    base = shape.runs(task)[0].with_value("task", None)
    vary = {"optim.lr": list(shape.rates)} if len(shape.rates) > 1 else None
    cost = ml.Experiment(task, base, vary=vary, seeds=shape.seeds).cost()
    name = kernels + (", graphs" if graphs else "")
    return Bytes(shape.name, name, ready.predicted_bytes, ready.data_bytes, cost.bytes, peak)
