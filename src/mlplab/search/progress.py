"""One count of progress over the steps of a search."""

from __future__ import annotations

import time

from mlplab.experiment.progress import Progress, Report, estimate_left


class Steps:
    """Adds up what each population reports; the total is the budget, as far as it is known."""

    def __init__(self, report: Report, run_epochs: int) -> None:
        self._report = report
        self._total = float(run_epochs)
        self._start = time.monotonic()
        self._before = (0, 0, 0, 0.0)
        self._last: Progress | None = None

    def next_step(self) -> Report:
        """Begin the next population; return what it shall report to."""
        if self._last is not None:
            n_runs, done, stored, epochs = self._before
            last, self._last = self._last, None
            self._before = (
                n_runs + last.n_runs,
                done + last.n_done,
                stored + last.n_from_store,
                epochs + last.run_epochs,
            )
        return self._part

    def _part(self, progress: Progress) -> None:
        self._last = progress
        n_runs, done, stored, epochs = self._before
        made = epochs + progress.run_epochs
        total = max(self._total, made)
        seconds = time.monotonic() - self._start
        self._report(
            Progress(
                n_runs=n_runs + progress.n_runs,
                n_done=done + progress.n_done,
                n_from_store=stored + progress.n_from_store,
                run_epochs=made,
                run_epochs_total=total,
                seconds=seconds,
                seconds_left=estimate_left(made, total, seconds),
            )
        )
