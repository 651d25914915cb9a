"""What a population costs, before anything runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from mlplab.data import Task
from mlplab.engine.kernels import products
from mlplab.engine.memory import rooms, unit_bytes
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.numerics import kernel_kind
from mlplab.engine.program import AnyProgram, Program
from mlplab.engine.surroundings import single_thread
from mlplab.engine.training import Splits, Training
from mlplab.specs import Run

STEP_SECONDS = 3e-4
"""Fixed time of a step of a whole stack: some thirty calls into torch."""

CALL_SECONDS = 1.5e-3
"""Fixed time of a step of one team of modules: what torch's autograd and vmap take."""

MODULE_EFFICIENCY = 0.4
"""Share of the rate of MLPs that arithmetic in modules reaches."""

NATIVE_EFFICIENCY = 0.3
"""Share of that rate that compiled loops reach, their updates and noise included."""

NATIVE_STEP_SECONDS = 2e-6
"""Fixed time of a step of one run in compiled loops."""

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


def run_flop(run: Run, program: AnyProgram, task: Task, n_valid: int) -> float:
    """Return the flop of one run: training, and every scoring of its splits."""
    epochs = run.fit.epochs
    tests = {"never": 0, "end": 1, "epoch": epochs}[run.fit.test]
    scored = n_valid * epochs + task.n_test * tests
    trained = sum(program.batch_sizes) * epochs
    return float(program.flop_per_example * trained + program.flop_per_score * scored)


def run_steps(run: Run, program: AnyProgram) -> int:
    """Return how many steps a run takes."""
    return len(program.batch_sizes) * run.fit.epochs


def run_work(run: Run, program: AnyProgram, task: Task, n_valid: int) -> float:
    """Return the seconds of one run that grow with the number of runs."""
    seconds = run_flop(run, program, task, n_valid) / flop_rate()
    if program.native:
        return seconds / NATIVE_EFFICIENCY + run_steps(run, program) * NATIVE_STEP_SECONDS
    if not isinstance(program, ModuleProgram):
        return seconds
    calls = run_steps(run, program) * CALL_SECONDS / program.team
    return seconds / MODULE_EFFICIENCY + calls


def plan_cost(runs: Sequence[Run], task: Task, workers: int = 1) -> Cost:
    """Estimate what runs of one task cost, without training any.

    Args:
        runs: whose task refs belong to `task`.
        task: the data.
        workers: how many processes would share the work.
    """
    splits = Splits(task)
    flop = 0.0
    work = 0.0
    steps: dict[AnyProgram, int] = {}
    batches: dict[AnyProgram, list[str]] = {}
    for run in runs:
        training = Training.begin(run, splits)
        program = training.program
        flop += run_flop(run, program, task, training.n_valid)
        work += run_work(run, program, task, training.n_valid)
        steps[program] = max(steps.get(program, 0), run_steps(run, program))
        batches.setdefault(program, []).append(training.batches)
    filled = {
        program: rooms(program, sorted(members))
        for program, members in batches.items()
        if not program.native
    }
    overhead = sum(STEP_SECONDS * steps[program] * len(some) for program, some in filled.items())
    stacks = [max(room.bytes for room in some) for some in filled.values()]
    stacks += [
        unit_bytes(program)
        for program in batches
        if isinstance(program, Program) and program.native
    ]
    return Cost(
        runs=len(runs),
        flop=flop,
        seconds=(work / _EFFICIENCY + overhead) / max(1, workers),
        bytes=int(sum(sorted(stacks, reverse=True)[:workers])) + task.inputs.nbytes,
        programs=len(batches),
        workers=workers,
    )
