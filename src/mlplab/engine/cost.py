"""What a population costs, before anything runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from mlplab.data import Task
from mlplab.engine.kernels import products
from mlplab.engine.memory import rooms
from mlplab.engine.numerics import kernel_kind, single_thread
from mlplab.engine.program import Program
from mlplab.engine.training import Splits, Training
from mlplab.specs import Run

STEP_SECONDS = 3e-4
"""Fixed time of a step of a whole stack: some thirty calls into torch."""

_EFFICIENCY = 0.75  # of the best matrix product, measured on 784-256-10


@dataclass(frozen=True, slots=True)
class Cost:
    """Estimates: `seconds` with all workers busy, `bytes` of the largest stacks at a time."""

    runs: int
    flop: float
    seconds: float
    bytes: int
    programs: int
    workers: int


@lru_cache(maxsize=1)
def flop_rate() -> float:
    """Measure this machine's single-thread matrix product rate, in flop per second (30 ms)."""
    made = products(kernel_kind())
    a = torch.full((1, 512, 512), 0.5)
    b, out = a.clone(), a.clone()
    with single_thread():
        best = float("inf")
        for _ in range(8):
            started = time.perf_counter()
            made.gradient(a, b, out)
            best = min(best, time.perf_counter() - started)
    return 2 * 512**3 / best


def run_flop(run: Run, program: Program, task: Task, n_valid: int) -> float:
    """Return the flop of one run: training, and every scoring of its splits."""
    epochs = run.fit.epochs
    tests = {"never": 0, "end": 1, "epoch": epochs}[run.fit.test]
    scored = n_valid * epochs + task.n_test * tests
    trained = sum(program.batch_sizes) * epochs
    return float(program.flop_per_example * trained + program.flop_per_score * scored)


def run_steps(run: Run, program: Program) -> int:
    """Return how many steps a run takes."""
    return len(program.batch_sizes) * run.fit.epochs


def plan_cost(runs: Sequence[Run], task: Task, workers: int = 1) -> Cost:
    """Estimate what runs of one task cost, without training any.

    Args:
        runs: whose task refs belong to `task`.
        task: the data.
        workers: how many processes would share the work.
    """
    splits = Splits(task)
    flop = 0.0
    steps: dict[Program, int] = {}
    batches: dict[Program, list[str]] = {}
    for run in runs:
        training = Training.begin(run, splits)
        program = training.program
        flop += run_flop(run, program, task, training.n_valid)
        steps[program] = max(steps.get(program, 0), run_steps(run, program))
        batches.setdefault(program, []).append(training.batches)
    filled = {program: rooms(program, sorted(members)) for program, members in batches.items()}
    overhead = sum(STEP_SECONDS * steps[program] * len(some) for program, some in filled.items())
    stacks = [max(room.bytes for room in some) for some in filled.values()]
    rate = flop_rate() * _EFFICIENCY
    return Cost(
        runs=len(runs),
        flop=flop,
        seconds=(flop / rate + overhead) / max(1, workers),
        bytes=int(sum(sorted(stacks, reverse=True)[:workers])) + task.inputs.nbytes,
        programs=len(filled),
        workers=workers,
    )
