"""Populations of networks that are trained for one question, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlplab.data import Task
from mlplab.engine.events import Ended
from mlplab.execute import execute
from mlplab.experiment.progress import Count, Progress
from mlplab.specs import Rows, Run, TaskRef


class NetworkProgress(Progress):
    """Counts of networks that are trained for one answer."""

    __slots__ = ()

    @property
    def counts(self) -> str:
        """Such as `120 of 615 networks`."""
        return f"{self.n_done:,} of {self.n_runs:,} networks"


NOT_COUNTED = Count(None, 0, NetworkProgress)


def trained(
    task: Task,
    base: Run,
    places: Sequence[Rows],
    n_seeds: int,
    workers: int | None,
    count: Count = NOT_COUNTED,
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
