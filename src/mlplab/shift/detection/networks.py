"""Populations of networks that are trained for one question, and forgotten."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from mlplab.data import Task
from mlplab.engine.events import Ended
from mlplab.execute import execute
from mlplab.experiment.progress import (
    SECONDS_BETWEEN,
    Progress,
    ProgressCallback,
    estimate_left,
)
from mlplab.specs import Rows, Run, TaskRef


class NetworkProgress(Progress):
    """Counts of networks that are trained for one answer."""

    __slots__ = ()

    @property
    def counts(self) -> str:
        """Such as `120 of 615 networks`."""
        return f"{self.n_done:,} of {self.n_runs:,} networks"


class NetworkCount:
    """Counts networks as they end, and tells it at most ten times a second."""

    def __init__(self, report: ProgressCallback | None, n_networks: int) -> None:
        self._report, self._n, self._n_done = report, n_networks, 0
        self._start, self._next = time.monotonic(), 0.0

    def ended(self) -> None:
        """Count one more."""
        self._n_done += 1
        seconds = time.monotonic() - self._start
        if self._report is None or (seconds < self._next and self._n_done < self._n):
            return
        self._next = seconds + SECONDS_BETWEEN
        left = estimate_left(self._n_done, self._n, seconds)
        done = float(self._n_done), float(self._n)
        self._report(NetworkProgress(self._n, self._n_done, 0, *done, seconds, left))


NOT_COUNTED = NetworkCount(None, 0)


def trained(
    task: Task,
    base: Run,
    places: Sequence[Rows],
    n_seeds: int,
    workers: int | None,
    count: NetworkCount = NOT_COUNTED,
) -> Iterator[tuple[int, Run, bytes]]:
    """Train seeds 0 to n - 1 on each place's rows; yield place, run and weights as each ends.

    Nothing is stored: these runs are of no use to anyone else. A run that diverges is not yielded.
    """
    on_task = base.replace(task=TaskRef(**task.spec()))
    known = {
        run.key: (index, run)
        for index, rows in enumerate(places)
        for run in on_task.replace(rows=rows).with_seeds(range(n_seeds))
    }
    runs = [run for _, run in known.values()]
    for event in execute(runs, task, workers=workers, keep_weights=True):
        if not isinstance(event, Ended):
            continue
        count.ended()
        if event.weights is not None:
            yield *known[event.outcome.key], event.weights
