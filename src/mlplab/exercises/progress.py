"""One count of progress over all the experiments of an exercise."""

from __future__ import annotations

import time
from collections.abc import Sequence

from mlplab.experiment import Experiment
from mlplab.experiment.progress import Progress, Report, estimate_left
from mlplab.store import Store


class Whole:
    """Adds up what the experiments of an exercise report, one after the other.

    What turns up on the way, such as fresh seeds for a chosen arm, is added to the total when it
    begins.
    """

    def __init__(self, report: Report, experiments: Sequence[Experiment], store: Store) -> None:
        self._report = report
        self._start = time.monotonic()
        plans = [experiment.plan(store) for experiment in experiments]
        self._runs = [len(plan.cells) for plan in plans]
        self._epochs = [float(sum(c.run.fit.epochs for c in p.remaining)) for p in plans]
        self._before = (0, 0, 0.0)
        self._last: Progress | None = None
        self._part = -1

    def part(self, progress: Progress) -> None:
        """Take a report of the part that is under way."""
        if self._part + 1 > len(self._runs):
            self._runs.append(progress.n_runs)
            self._epochs.append(progress.run_epochs_total)
        done, stored, epochs = self._before
        self._last = progress
        total = max(sum(self._epochs), epochs + progress.run_epochs)
        made = epochs + progress.run_epochs
        seconds = time.monotonic() - self._start
        self._report(
            Progress(
                n_runs=max(sum(self._runs), done + progress.n_runs),
                n_done=done + progress.n_done,
                n_from_store=stored + progress.n_from_store,
                run_epochs=made,
                run_epochs_total=total,
                seconds=seconds,
                seconds_left=estimate_left(made, total, seconds),
            )
        )

    def next_part(self) -> Report:
        """Begin the next part; return what it shall report to."""
        if self._last is not None:
            done, stored, epochs = self._before
            last = self._last
            self._before = (
                done + last.n_done,
                stored + last.n_from_store,
                epochs + last.run_epochs,
            )
            self._last = None
        self._part += 1
        return self.part
