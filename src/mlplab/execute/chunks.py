"""How runs are dealt to workers: whole stacks, with runs that share batches kept together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlplab.data import Task
from mlplab.engine import Program
from mlplab.engine.cost import STEP_SECONDS, flop_rate, run_flop, run_steps
from mlplab.engine.memory import capacity
from mlplab.engine.training import Splits, Training
from mlplab.specs import Run


@dataclass(frozen=True)
class Chunk:
    """Runs of one program for one worker, and the seconds they are expected to take."""

    runs: tuple[Run, ...]
    seconds: float


def deal(runs: Sequence[Run], task: Task, workers: int) -> list[Chunk]:
    """Split runs into chunks, the longest first.

    A program is split where that shortens the whole: large networks into one chunk per worker,
    small ones (whose steps cost the same for ten runs as for a hundred) not at all.
    """
    splits = Splits(task)
    members: dict[Program, list[tuple[Training, float, float]]] = {}
    for run in runs:
        training = Training.begin(run, splits)
        work = run_flop(run, training.program, task, len(training.valid)) / flop_rate()
        steps = run_steps(run, training.program) * STEP_SECONDS
        members.setdefault(training.program, []).append((training, work, steps))
    total = sum(work for part in members.values() for _, work, _ in part)
    chunks = []
    for program, part in members.items():
        part.sort(key=lambda entry: (entry[0].run.seed, entry[0].batches))
        work = sum(entry[1] for entry in part)
        steps = max(entry[2] for entry in part)
        pieces = math.ceil(len(part) / capacity(program))
        if work > 2 * steps and work > total / (4 * workers):
            pieces = max(pieces, min(workers, len(part)))
            pieces = min(len(part), workers * math.ceil(pieces / workers))
        for piece in _cut(part, pieces):
            seconds = sum(entry[1] for entry in piece) + max(entry[2] for entry in piece)
            chunks.append(Chunk(tuple(entry[0].run for entry in piece), seconds))
    return sorted(chunks, key=lambda chunk: -chunk.seconds)


def _cut(
    part: list[tuple[Training, float, float]], pieces: int
) -> list[list[tuple[Training, float, float]]]:
    """Cut into about equal pieces, preferably where one group of shared batches ends."""
    borders = [0]
    slack = len(part) / pieces / 4
    for piece in range(1, pieces):
        ideal = piece * len(part) / pieces
        near = [
            at
            for at in range(math.ceil(ideal - slack), math.floor(ideal + slack) + 1)
            if borders[-1] < at < len(part) and part[at - 1][0].batches != part[at][0].batches
        ]
        cut = min(near, key=lambda at: abs(at - ideal)) if near else round(ideal)
        if cut > borders[-1]:
            borders.append(cut)
    borders.append(len(part))
    return [part[a:b] for a, b in zip(borders, borders[1:], strict=False) if b > a]
