"""What a population costs, before anything runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from mlplab.data import Task
from mlplab.engine.memory import capacity, shared_bytes, slot_bytes
from mlplab.engine.numerics import single_thread
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
    a, b = torch.rand(512, 512), torch.rand(512, 512)
    out = torch.empty(512, 512)
    with single_thread():
        best = float("inf")
        for _ in range(8):
            started = time.perf_counter()
            torch.mm(a, b, out=out)
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
    per_program: dict[Program, list[float]] = {}
    for run in runs:
        training = Training.begin(run, splits)
        program = training.program
        one = run_flop(run, program, task, len(training.valid))
        totals = per_program.setdefault(program, [0.0, 0.0])
        totals[0] += 1
        totals[1] = max(totals[1], run_steps(run, program))
        flop += one
    overhead = sum(
        STEP_SECONDS * steps * -(-n // capacity(program))
        for program, (n, steps) in per_program.items()
    )
    stacks = [
        slot_bytes(program) * min(n, capacity(program)) + shared_bytes(program)
        for program, (n, _) in per_program.items()
    ]
    rate = flop_rate() * _EFFICIENCY
    return Cost(
        runs=len(runs),
        flop=flop,
        seconds=(flop / rate + overhead) / max(1, workers),
        bytes=int(sum(sorted(stacks, reverse=True)[:workers])) + task.inputs.nbytes,
        programs=len(per_program),
        workers=workers,
    )
