"""A discrete simulation of tasks on workers that start, straggle, are killed and come back."""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from mlplab.bench.scheduling.cluster import Cluster, Usage, Work


@dataclass(slots=True)
class _Task:
    """What is left of a task: fast seconds without and with what its last checkpoint keeps."""

    n_runs: int
    left: float


@dataclass(slots=True)
class _Worker:
    factor: float
    has_started: bool = False


Kind = Literal["ready", "killed", "done"]


def simulate(work: Work, cluster: Cluster, rng: Generator) -> Usage:
    """Hand out tasks, the longest first, until the last outcome is merged.

    A worker takes one task at a time. Kills come at a constant rate while it works; the task then
    goes back to the queue with what its last checkpoint keeps, and the worker is away for a while.
    The driver merges the outcomes of one task after another, beside the workers.

    Args:
        work: the tasks.
        cluster: the workers.
        rng: draws tasks' seconds, slow workers and kills.

    Cost: O((tasks + kills) log workers).

    >>> work, rng = Work(n_runs=800, runs_per_task=100, run_seconds=0.1), np.random.default_rng(0)
    >>> simulate(work, Cluster(workers=4, start_seconds=5), rng).seconds
    25.0
    """
    return _Simulation(work, cluster, rng).run()


class _Simulation:
    def __init__(self, work: Work, cluster: Cluster, rng: Generator) -> None:
        self._work, self._cluster, self._rng = work, cluster, rng
        sizes = np.array(work.task_sizes)
        seconds = sizes * work.run_seconds * _spread(rng, work.spread, len(sizes))
        self._useful = float(seconds.sum())
        tasks = [_Task(int(n), float(left)) for n, left in zip(sizes, seconds, strict=True)]
        # The longest first, as `execute` deals them.
        self._queue = deque(sorted(tasks, key=lambda task: -task.left))
        n_slow = round(cluster.slow_share * cluster.workers)
        self._workers = [
            _Worker(cluster.slow_factor if number < n_slow else 1.0)
            for number in range(cluster.workers)
        ]
        rng.shuffle(self._workers)
        self._idle: list[int] = []
        self._events: list[tuple[float, int, Kind, int, _Task | None]] = []
        self._n_events = 0
        self._lost = self._bytes = 0.0
        self._n_kills = 0

    def run(self) -> Usage:
        for number in range(len(self._workers)):
            self._note(0.0, "ready", number, None)
        last = merged = 0.0
        n_left = len(self._queue)
        while n_left:
            now, _, kind, number, task = heapq.heappop(self._events)
            if kind == "done":
                assert task is not None
                n_left -= 1
                last = now
                merged = max(merged, now) + task.n_runs * self._cluster.merge_seconds
                self._bytes += task.n_runs * self._work.outcome_bytes
            elif kind == "killed":
                assert task is not None
                self._queue.append(task)
                self._workers[number].has_started = False
                self._note(now + self._cluster.away_seconds, "ready", number, None)
                if self._idle:
                    self._take(now, self._idle.pop())
                continue
            if self._queue:
                self._take(now, number)
            else:
                self._idle.append(number)
        return Usage(
            merged, self._useful, self._lost, self._n_kills, self._bytes, len(self._workers),
            merged - last,
        )  # fmt: skip

    def _take(self, now: float, number: int) -> None:
        """Let a worker begin the next task, and note how that ends."""
        task, worker, cluster = self._queue.popleft(), self._workers[number], self._cluster
        start = 0.0
        if cluster.starts_each_task or not worker.has_started:
            start = cluster.start_seconds
            self._bytes += self._work.data_bytes
        worker.has_started = True
        taken = start + task.left * worker.factor
        killed = math.inf
        if cluster.kills_per_hour:
            killed = self._rng.exponential(3600 / cluster.kills_per_hour)
        trained = max(0.0, min(killed, taken) - start)
        n_kept = int(trained / cluster.checkpoint_seconds)
        self._bytes += n_kept * task.n_runs * self._work.state_bytes
        if killed >= taken:
            self._note(now + taken, "done", number, task)
            return
        kept = n_kept * cluster.checkpoint_seconds
        self._n_kills += 1
        self._lost += killed - kept
        task.left -= kept / worker.factor
        self._note(now + killed, "killed", number, task)

    def _note(self, at: float, kind: Kind, number: int, task: _Task | None) -> None:
        # The count keeps the order of equal times, and tasks from being compared.
        self._n_events += 1
        heapq.heappush(self._events, (at, self._n_events, kind, number, task))


def _spread(rng: Generator, spread: float, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Draw n factors of mean 1, log-normal with this standard deviation."""
    sigma = math.sqrt(math.log1p(spread**2))
    return rng.lognormal(-(sigma**2) / 2, sigma, n)
