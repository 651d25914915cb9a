"""Partitioning runs among workers: whole stacks, shared mini-batches kept together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mlplab.data import Task
from mlplab.engine.cost import STEP_SECONDS, run_steps, run_work
from mlplab.engine.memory import fill_stacks
from mlplab.engine.native.coverage import is_native
from mlplab.engine.program import AnyProgram
from mlplab.engine.training import Splits, Training
from mlplab.specs import Run
from mlplab.specs.columns import Population


@dataclass(frozen=True)
class Chunk:
    """Runs of one program for one worker, and the seconds they are expected to take."""

    runs: tuple[Run, ...]
    seconds: float


@dataclass(frozen=True)
class Part:
    """A run to be dealt, and what it costs: seconds of arithmetic, and of steps as such."""

    training: Training
    work: float
    steps: float


def apart(runs: Population, task: Task) -> tuple[Population, Population]:
    """Return the runs that compiled loops train on threads, and those for stacks in workers."""
    suit = [which for which, run in runs.used().items() if is_native(run, task)]
    native = np.isin(runs.which, suit)
    return runs.take(native), runs.take(~native)


def by_program(runs: Sequence[Run], task: Task) -> dict[AnyProgram, list[Part]]:
    """Return each program's runs; neighbours share mini-batches, so that a cut rarely parts them.

    Raises:
        ConfigError: a run does not fit the task.
    """
    splits = Splits(task)
    members: dict[AnyProgram, list[Part]] = {}
    for run in runs:
        training = Training.begin(run, splits)
        work = run_work(run, training.program, task, training.n_valid)
        steps = run_steps(run, training.program) * STEP_SECONDS
        members.setdefault(training.program, []).append(Part(training, work, steps))
    for parts in members.values():
        parts.sort(key=lambda part: (part.training.run.seed, part.training.batches))
    return members


def deal(runs: Sequence[Run], task: Task, workers: int) -> list[Chunk]:
    """Split runs into chunks, the longest first.

    A program is split where that shortens the whole: large networks into one chunk per worker,
    small ones (whose steps cost the same for ten runs as for a hundred) not at all.
    """
    members = by_program(runs, task)
    total = sum(part.work for parts in members.values() for part in parts)
    chunks = []
    for program, parts in members.items():
        pieces = len(fill_stacks(program, (part.training.batches for part in parts)))
        work = sum(part.work for part in parts)
        # Steps cost the same for few runs as for many, so cutting pays only where arithmetic
        # outweighs them, and where the program is long enough to keep others waiting.
        if work > 2 * max(part.steps for part in parts) and work > total / (4 * workers):
            pieces = max(pieces, min(workers, len(parts)))
            # A multiple of the workers, so that none is left alone with a last piece.
            pieces = min(len(parts), workers * math.ceil(pieces / workers))
        for piece in cut(parts, pieces):
            seconds = sum(part.work for part in piece) + max(part.steps for part in piece)
            chunks.append(Chunk(tuple(part.training.run for part in piece), seconds))
    # The longest first: the short ones fill what is left at the end (Graham's rule).
    return sorted(chunks, key=lambda chunk: -chunk.seconds)


def cut(parts: list[Part], pieces: int) -> list[list[Part]]:
    """Cut into about equal pieces, preferably where one group of shared batches ends."""
    borders = [0]
    # A border may move by a quarter of a piece: runs that share batches are worth that much.
    slack = len(parts) / pieces / 4
    for piece in range(1, pieces):
        ideal = piece * len(parts) / pieces
        near = [
            at
            for at in range(math.ceil(ideal - slack), math.floor(ideal + slack) + 1)
            if borders[-1] < at < len(parts)
            and parts[at - 1].training.batches != parts[at].training.batches
        ]
        cut = min(near, key=lambda at: abs(at - ideal)) if near else round(ideal)
        if cut > borders[-1]:
            borders.append(cut)
    borders.append(len(parts))
    return [parts[a:b] for a, b in pairwise(borders) if b > a]
