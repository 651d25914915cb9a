"""What a population costs, before anything runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.engine.footprint import Members, population_parts, task_bytes
from mlplab.engine.kernels import products
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.numerics import kernel_kind
from mlplab.engine.program import AnyProgram
from mlplab.engine.surroundings import single_thread
from mlplab.engine.training import Splits, Training
from mlplab.specs import Run
from mlplab.specs.columns import Population

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

MASK_SECONDS = 2e-9
"""Time of one weight of one example under DropConnect for each example, drawn twice and used."""

FIRST_CHECKPOINT_SECONDS = 2.0
"""Of training, after which runs leave their first checkpoints: soon, as some are killed often."""

EFFICIENCY = 0.75  # of the best matrix product, measured on 784-256-10


@dataclass(frozen=True, slots=True)
class Cost:
    """Estimates: `seconds` with all workers busy, `bytes` at the worst moment.

    The bytes are those of the data, of the runs, and of what trains at a time with all that is held
    beside it; Python, torch and a store in memory come on top.
    """

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
        # The best of eight: other processes only ever make a product slower.
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
        if program.noise == "drop-connect-each":
            dropped = sum(i * o for i, o in pairwise(program.widths[:-1]))
            seconds += MASK_SECONDS * dropped * sum(program.batch_sizes) * run.fit.epochs
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
    runs = Population.of(runs)
    splits, counts = Splits(task), runs.counts()
    programs = splits.programs(runs)
    flop = work = 0.0
    steps: dict[AnyProgram, int] = {}
    kinds: dict[AnyProgram, list[int]] = {}
    worker_seconds: dict[AnyProgram, float] = {}
    begun = {which: Training.begin(run, splits) for which, run in runs.used().items()}
    # Runs that differ in their seeds alone cost the same.
    for which, training in begun.items():
        n, program = int(counts[which]), programs[which]
        flop += n * run_flop(training.run, program, task, training.n_valid)
        own_work = n * run_work(training.run, program, task, training.n_valid)
        work += own_work
        # Runs of a stack step together: its fixed costs are those of the longest.
        steps[program] = max(steps.get(program, 0), run_steps(training.run, program))
        kinds.setdefault(program, []).append(which)
        worker_seconds[program] = worker_seconds.get(program, 0.0) + own_work / EFFICIENCY
    parts = [
        Members(
            program,
            [begun[which] for which in some],
            task,
            worker_seconds[program] > FIRST_CHECKPOINT_SECONDS,
            counts=counts[some].tolist(),
            groups=_groups(runs, some, splits),
        )
        for program, some in kinds.items()
    ]
    counted = population_parts(parts, workers)
    overhead = sum(STEP_SECONDS * steps[p] * n for p, n in counted.stacks.items())
    return Cost(
        runs=len(runs),
        flop=flop,
        seconds=(work / EFFICIENCY + overhead) / max(1, workers),
        bytes=task_bytes(task) + sum(counted.parts.values()),
        programs=len(kinds),
        workers=workers,
    )


def _groups(runs: Population, some: Sequence[int], splits: Splits) -> NDArray[np.int64]:
    """Number what the runs of some templates see, seed by seed: equal numbers, equal batches."""
    texts: dict[str, int] = {}
    text_of = np.zeros(len(runs.templates), np.int64)
    for which in some:
        text_of[which] = texts.setdefault(splits.seen(runs.templates[which]), len(texts))
    here = np.isin(runs.which, some)
    _, seeds = np.unique(runs.seeds[here], return_inverse=True)
    return np.sort(seeds.reshape(-1) * len(texts) + text_of[runs.which[here]])
