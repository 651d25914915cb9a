"""What is simulated: the work, the workers that do it, and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """Runs in tasks, each one filled program.

    Attributes:
        n_runs: in all.
        runs_per_task: of every task but the last.
        run_seconds: mean seconds that a run adds to its task, on one core.
        spread: standard deviation of the seconds of tasks, as a share of their mean.
        outcome_bytes: what a finished run sends.
        state_bytes: what a run in training adds to a checkpoint.
        data_bytes: what a worker reads before it trains.
    """

    n_runs: int
    runs_per_task: int
    run_seconds: float
    spread: float = 0.0
    outcome_bytes: float = 0.0
    state_bytes: float = 0.0
    data_bytes: float = 0.0

    @property
    def task_sizes(self) -> list[int]:
        """Runs of each task."""
        n_tasks = math.ceil(self.n_runs / self.runs_per_task)
        last = self.n_runs - (n_tasks - 1) * self.runs_per_task
        return [self.runs_per_task] * (n_tasks - 1) + [last]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers of one core each, their starts and losses, and the driver that merges.

    Attributes:
        workers: how many there are.
        start_seconds: from a worker's start to its first step: imports, data.
        starts_each_task: whether every task starts a process of its own, as array jobs do.
        kills_per_hour: of one worker; what it did since its task's last checkpoint is lost.
        away_seconds: from a kill until the worker is there again.
        checkpoint_seconds: between two checkpoints of a task.
        slow_share: of workers that are slower than the others.
        slow_factor: by which they are.
        merge_seconds: of the driver, for a run's outcome.
    """

    workers: int
    start_seconds: float = 0.0
    starts_each_task: bool = False
    kills_per_hour: float = 0.0
    away_seconds: float = 0.0
    checkpoint_seconds: float = 20.0
    slow_share: float = 0.0
    slow_factor: float = 1.0
    merge_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a simulated sweep took.

    Attributes:
        seconds: until the last outcome is merged.
        useful_seconds: of fast cores, the work itself.
        lost_seconds: of workers, done and lost to kills.
        n_kills: while a task ran.
        n_bytes: moved: data, checkpoints, outcomes.
        workers: how many there were.
        merged_last: seconds between the end of the last task and the last merge.
    """

    seconds: float
    useful_seconds: float
    lost_seconds: float
    n_kills: int
    n_bytes: float
    workers: int
    merged_last: float

    @property
    def efficiency(self) -> float:
        """Useful core seconds as a share of those that the workers were there."""
        return self.useful_seconds / (self.workers * self.seconds)
