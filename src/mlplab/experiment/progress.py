"""How far an experiment has come, and how long the rest may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlplab.specs import Outcome

# Ten a second look steady; small runs end by the thousand.
SECONDS_BETWEEN = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts for a progress bar.

    Attributes:
        n_runs: runs asked for.
        n_done: runs finished, those from the store among them.
        n_from_store: runs that were finished before.
        run_epochs: passes over the training rows made since the call, of `run_epochs_total`; those
            of other drivers count once their runs have ended.
        seconds: since the call.
        seconds_left: estimate; None until there is something to go by.
    """

    n_runs: int
    n_done: int
    n_from_store: int
    run_epochs: float
    run_epochs_total: float
    seconds: float
    seconds_left: float | None

    @property
    def counts(self) -> str:
        """Runs and epochs, such as `3 of 8 runs, 20 of 70 epochs`."""
        made, total = int(self.run_epochs), round(self.run_epochs_total)
        if self.n_done == self.n_runs and made < total:
            # A search in a limited time: how much it will train is not known.
            return f"{self.n_done} runs, {made:,} epochs"
        return f"{self.n_done} of {self.n_runs} runs, {made:,} of {total:,} epochs"

    def __str__(self) -> str:
        """One line for people."""
        left = "" if self.seconds_left is None else f", about {self.seconds_left:.0f} s left"
        return f"{self.counts}, {self.seconds:.0f} s{left}"


ProgressCallback = Callable[[Progress], None]
ProgressOption = ProgressCallback | bool | None
"""True: a bar where somebody watches; False or None: nothing; or what is called."""

_TO_GO_BY = 5.0  # run-epochs; before them, the start of workers is most of the time


def estimate_left(made: float, total: float, seconds: float) -> float | None:
    """Return the seconds that the rest may take; None until there is something to go by.

    >>> estimate_left(made=0.2, total=100, seconds=2), estimate_left(made=50, total=100, seconds=9)
    (None, 9.0)
    """
    if made < min(_TO_GO_BY, total / 4) or not made:  # a quarter, where all is less than that
        return None
    return seconds * (total - made) / made


class Tally:
    """Counts what an engine reports, and passes it on at most ten times a second.

    Args:
        report: gets the counts; None if nobody asks.
        n_from_store: runs that were finished before.
        todo: key -> epochs that a run shall train.
    """

    def __init__(
        self, report: ProgressCallback | None, n_from_store: int, todo: Mapping[str, int]
    ) -> None:
        self._report = report
        self._n_from_store = n_from_store
        self._todo = todo
        self._n_runs = n_from_store + len(todo)
        self._n_done = n_from_store
        self._epochs = self._elsewhere = 0.0
        self._total = float(sum(todo.values()))
        self._start = time.monotonic()
        self._next = 0.0

    def resumed(self, epochs: float) -> None:
        """Epochs that checkpoints already hold are not part of this call's work."""
        self._total = max(0.0, self._total - epochs)
        self.show(now=True)

    def progressed(self, run_epochs: float) -> None:
        """Count run-epochs."""
        self._epochs += run_epochs
        self.show()

    def ended(self, outcome: Outcome) -> None:
        """Count a run that ended, perhaps before its last epoch."""
        self._n_done += 1
        # Patience or divergence may have ended it: its other epochs will never come.
        self._total -= max(0, self._todo.get(outcome.key, 0) - outcome.epochs)
        self.show()

    def ended_elsewhere(self, n_runs: int, epochs: float) -> None:
        """Count runs that other drivers have finished, with all their epochs."""
        self._n_done += n_runs
        self._elsewhere += epochs
        self.show()

    @property
    def made(self) -> float:
        """The run-epochs of this driver."""
        return self._epochs

    @property
    def total(self) -> float:
        """The run-epochs of all runs that were to be trained, without those that never come."""
        return self._total

    def show(self, *, now: bool = False) -> None:
        """Report, unless the last report is younger than a tenth of a second."""
        seconds = time.monotonic() - self._start
        if self._report is None or (seconds < self._next and not now):
            return
        self._next = seconds + SECONDS_BETWEEN
        made = self._epochs + self._elsewhere
        total = max(self._total, made)  # workers that died count epochs twice
        finished = self._n_done == self._n_runs
        left = estimate_left(made, total, seconds)
        self._report(
            Progress(
                self._n_runs,
                self._n_done,
                self._n_from_store,
                made,
                total,
                seconds,
                0.0 if finished else left,
            )
        )


class Total:
    """Adds up what several experiments report, one after the other.

    Args:
        report: gets the sums; None if nobody asks.
        n_runs, run_epochs: what is known ahead; what turns up beyond it, such as fresh seeds for a
            chosen arm, is added when it begins.
    """

    def __init__(
        self, report: ProgressCallback | None, n_runs: int = 0, run_epochs: float = 0.0
    ) -> None:
        self._report = report
        self._n_runs = n_runs
        self._run_epochs = float(run_epochs)
        self._start = time.monotonic()
        self._before = self._now = (0, 0, 0, 0.0)

    def next_part(self) -> ProgressCallback | None:
        """Begin the next experiment; return what it shall report to, if anything."""
        self._before = self._now
        return None if self._report is None else self._add

    def _add(self, part: Progress) -> None:
        n_runs, done, stored, made = self._before
        total = max(self._run_epochs, made + part.run_epochs_total)
        n_runs, done, made = n_runs + part.n_runs, done + part.n_done, made + part.run_epochs
        self._now = (n_runs, done, stored + part.n_from_store, made)
        seconds = time.monotonic() - self._start
        left = estimate_left(made, total, seconds)
        assert self._report is not None
        self._report(
            Progress(max(self._n_runs, n_runs), done, self._now[2], made, total, seconds, left)
        )


class Count:
    """Counts equal parts of some work, such as images, and passes it on like a `Tally`."""

    def __init__(
        self, report: ProgressCallback | None, n: int, kind: type[Progress] = Progress
    ) -> None:
        self._report, self._n, self._kind = report, n, kind
        self._n_done = self._n_known = 0
        self._start, self._next = time.monotonic(), 0.0

    def ended(self, *, known: bool = False) -> None:
        """Count one more part; one that was known took no time."""
        self._n_done += 1
        self._n_known += known
        seconds, is_last = time.monotonic() - self._start, self._n_done == self._n
        if self._report is None or (seconds < self._next and not is_last):
            return
        self._next = seconds + SECONDS_BETWEEN
        made, total = self._n_done - self._n_known, self._n - self._n_known
        left = 0.0 if is_last else estimate_left(made, total, seconds)
        counts = (self._n, self._n_done, self._n_known, self._n_done, self._n)
        self._report(self._kind(*counts, seconds, left))
