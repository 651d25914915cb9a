"""Portioning runs out to a cluster: few tasks of many runs, about equally long."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

from mlplab.data import Task
from mlplab.engine.cost import EFFICIENCY
from mlplab.engine.program import AnyProgram
from mlplab.execute.chunks import Chunk, Part, by_program, cut
from mlplab.execute.executor import Portions
from mlplab.specs import Run
from mlplab.specs.clusters import Cluster

_LEAST_RUNS = 4  # a stack of large networks holds as many


def portion(
    runs: Sequence[Run],
    task: Task,
    *,
    most: int,
    seconds: float,
    cores: int = 1,
    workers: int = 1,
) -> list[Chunk]:
    """Split runs into tasks for a cluster, the longest first.

    Args:
        runs: their task refs belong to `task`.
        task: the data.
        most: tasks, at most.
        seconds: that a task shall take at least, so that starting it is little beside it.
        cores: of each task.
        workers: tasks that run at a time, where that is known: their number is then a multiple.

    Raises:
        ConfigError: a run does not fit the task.
    """
    members = [_there(parts, program) for program, parts in by_program(runs, task).items()]
    total = sum(map(_cost, members)) / cores
    n_tasks = min(most, max(1, round(total / seconds)))
    if n_tasks > workers:
        n_tasks = min(workers * math.ceil(n_tasks / workers), most)
    pieces: list[list[Part]] = []
    for parts in members:
        pieces += cut(parts, _pieces(parts, total * cores / n_tasks, cores))
    return _gather(pieces, n_tasks, cores)


def summed(chunks: Sequence[Chunk], cluster: Cluster, workers: int | None) -> Portions:
    """Return what tasks come to together, if so many of them run at a time, or all."""
    seconds = [chunk.seconds for chunk in chunks]
    longest, total = max(seconds, default=0.0), sum(seconds)
    return Portions(
        tasks=len(chunks),
        cores=cluster.cpus,
        gpus=cluster.gpus,
        seconds=max(longest, total / (workers or max(1, len(chunks)))),
        longest_seconds=longest,
        core_seconds=total * cluster.cpus,
    )


def _there(parts: Sequence[Part], program: AnyProgram) -> list[Part]:
    """Return what runs of a program cost in a task, which may compile its loops."""
    native = getattr(program, "native", False)
    return [
        Part(part.training, part.work / EFFICIENCY, 0.0 if native else part.steps) for part in parts
    ]


def _cost(parts: Sequence[Part]) -> float:
    return sum(part.work for part in parts) + max(part.steps for part in parts)


def _pieces(parts: Sequence[Part], core_seconds: float, cores: int) -> int:
    """Return into how many pieces of about these core seconds a program is cut."""
    wanted = max(1, round(_cost(parts) / core_seconds))
    enough = max(1, len(parts) // (_LEAST_RUNS * cores))
    steps = max(part.steps for part in parts)
    # Every piece takes all the steps: arithmetic shall outweigh them in each.
    worth = math.ceil(sum(part.work for part in parts) / steps) if steps else wanted
    return min(wanted, enough, max(1, worth))


def _gather(pieces: list[list[Part]], n_tasks: int, cores: int) -> list[Chunk]:
    """Put pieces together into tasks: the longest first, each to the task that has least so far."""
    tasks: list[tuple[float, int, list[Part]]] = [(0.0, n, []) for n in range(n_tasks)]
    for piece in sorted(pieces, key=_cost, reverse=True):
        seconds, number, parts = heapq.heappop(tasks)
        parts += piece
        heapq.heappush(tasks, (seconds + _cost(piece) / cores, number, parts))
    chunks = []
    for seconds, _, parts in tasks:
        if parts:
            # A run takes one core, however many there are.
            longest = max(_cost([part]) for part in parts)
            runs = tuple(part.training.run for part in parts)
            chunks.append(Chunk(runs, max(seconds, longest)))
    return sorted(chunks, key=lambda chunk: -chunk.seconds)
