"""Model-steps per second: ours with and without graphs, beside plain torch and torch.func."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Protocol

import torch

from mlplab.bench.gpu.baselines import PlainTorch, TorchFunc
from mlplab.bench.gpu.shapes import Shape
from mlplab.bench.gpu.stacks import Ready

ROUNDS = 3
PRECISIONS = {"float32": "", "TF32": "tf32", "bf16": "bf16"}


class Trains(Protocol):
    """What is timed: an epoch of so many steps of so many networks."""

    n_runs: int
    n_steps: int

    def epoch(self) -> None:
        """Take every step of an epoch."""


@dataclass(frozen=True)
class Rate:
    """Model-steps per second of one way to train a shape: the median of the rounds, and all.

    Attributes:
        calls: into torch in one step, of ours without graphs.
        problem: what failed, if anything did.
    """

    shape: str
    way: str
    precision: str
    rounds: tuple[float, ...]
    calls: int | None = None
    problem: str = ""

    @property
    def steps_per_second(self) -> float:
        """The median."""
        return median(self.rounds)


def rates(shape: Shape, device: str, rounds: int = ROUNDS) -> list[Rate]:
    """Time every way to train a shape, in turn and several rounds."""
    ways = list(_ways(shape, device))
    ready: list[Trains | None] = []
    problems: list[str] = []
    for _, precision, make in ways:
        trains, problem = _ready(make, precision)
        ready.append(trains)
        problems.append(problem)
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for place, timed in enumerate(ready):
            if timed is not None:
                with tensor_float(ways[place][1]):
                    seconds[place].append(_seconds(timed.epoch, device))
    return [
        _rate(shape, way, precision, timed, taken, problem)
        for (way, precision, _), timed, taken, problem in zip(
            ways, ready, seconds, problems, strict=True
        )
    ]


def _ready(make: Callable[[], Trains], precision: str) -> tuple[Trains | None, str]:
    """Make what is timed and warm it up; or say why not."""
    try:
        trains = make()
        # What is made at first, and recorded at second, is not timed.
        with tensor_float(precision):
            trains.epoch()
            trains.epoch()
    except Exception as problem:  # the others go on, and this one is named
        return None, f"{type(problem).__name__}: {problem}".splitlines()[0]
    return trains, ""


def _rate(
    shape: Shape,
    way: str,
    precision: str,
    timed: Trains | None,
    seconds: Sequence[float],
    problem: str,
) -> Rate:
    each = timed.n_runs * timed.n_steps if timed is not None else 0
    calls = timed.calls() if isinstance(timed, Ready) and not timed.graphs else None
    rounds = tuple(each / taken for taken in seconds)
    return Rate(shape.name, way, precision, rounds, calls, problem)


def _ways(shape: Shape, device: str) -> Iterator[tuple[str, str, Callable[[], Trains]]]:
    on_gpu = torch.device(device).type == "cuda"
    for precision, kernels in PRECISIONS.items():
        if precision == "TF32" and not on_gpu:
            continue
        yield "ours", precision, partial(Ready, shape, device, kernels)
        if on_gpu:
            yield "ours, graphs", precision, partial(Ready, shape, device, kernels, graphs=True)
        yield "torch.func", precision, partial(TorchFunc, shape, device, kernels)
        yield "plain torch", precision, partial(PlainTorch, shape, device, kernels)


@contextmanager
def tensor_float(precision: str) -> Iterator[None]:
    """Let float32 products of the caller's be TF32, inside the block."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "TF32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _seconds(epoch: Callable[[], None], device: str) -> float:
    _wait(device)
    start = time.perf_counter()
    epoch()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def best(of: Sequence[Rate], way: str) -> Rate | None:
    """Return the fastest of the rates of a way, if it was measured."""
    measured = [rate for rate in of if rate.way.startswith(way) and rate.rounds]
    return max(measured, key=lambda rate: rate.steps_per_second, default=None)
