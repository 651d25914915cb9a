"""Runs handed on as they end: by a thread of its own, so that no tracker holds up the training."""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, final

from mlplab.data import Task
from mlplab.errors import MlplabError
from mlplab.experiment.design import Cell
from mlplab.experiment.progress import Count, ProgressCallback, ProgressOption
from mlplab.experiment.progress_bar import reporting
from mlplab.experiment.tracking.children import Group
from mlplab.experiment.tracking.destinations import (
    Destination,
    open_destination,
    read_destinations,
)
from mlplab.experiment.tracking.feed import Feed
from mlplab.specs import Outcome

_PATIENCE = 10.0  # seconds

if TYPE_CHECKING:
    Request = tuple[Feed, Callable[[Feed], None]]


@final
class Tracker:
    """Hands finished runs on to MLflow or TensorBoard while others train.

    A destination that fails costs no run and no second of training: it is told once, in
    `problems`, and gets nothing more. What is there already is not written again.

    Args:
        destinations: texts as `--track` takes them, or destinations.

    Raises:
        ConfigError: there is no such destination, or its package is missing.
        StoreError: it cannot be reached or written.
    """

    def __init__(self, destinations: Sequence[str | Destination]) -> None:
        self._feeds = [
            Feed(open_destination(one) if isinstance(one, str) else one)
            for one in read_destinations(destinations)
        ]
        self._problems: dict[Feed, str] = {}
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._n_asked = self._n_done = 0
        self._is_closed = False

    @property
    def problems(self) -> tuple[str, ...]:
        """One line for each destination that failed."""
        return tuple(self._problems.values())

    def begin(self, title: str, task: Task, cells: Sequence[Cell]) -> Callable[[Outcome], None]:
        """Announce runs of an experiment; return what is called with each outcome."""
        group = Group(title, task.name, task.content)
        texts = {cell.key: cell.run.text for cell in cells}
        self._ask(lambda feed: feed.begin(group, texts))

        def ended(outcome: Outcome) -> None:
            now = time.time()
            self._ask(lambda feed: feed.put(group, outcome, now))

        return ended

    def verdicts(self, title: str, task: Task, rows: Sequence[Mapping[str, Any]]) -> None:
        """Hand on the verdicts on an experiment's claims."""
        group = Group(title, task.name, task.content)
        if rows:
            self._ask(lambda feed: feed.verdicts(group, rows))

    def close(self, progress: ProgressCallback | None = None) -> None:
        """Wait until everything is written."""
        self._ask(Feed.end)
        self._is_closed = True
        if self._thread is None:
            return
        self._requests.put(None)
        told, count = self._n_done, Count(progress, max(1, self._n_asked - self._n_done))
        while self._thread.is_alive():
            self._thread.join(0.1)
            while told < self._n_done:
                told += 1
                count.ended()

    def abandon(self) -> None:
        """Write nothing more: what lacks is written when the same experiment runs again.

        What is being written is waited for, so that the next writer does not meet it half done;
        for seconds only, as whoever interrupts is not to wait for an address that does not answer.
        """
        self._is_closed = True
        for feed in self._feeds:
            self._problems.setdefault(feed, "tracking was interrupted")
        self._requests.put(None)
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _ask(self, what: Callable[[Feed], None]) -> None:
        if self._is_closed:
            return
        for feed in self._feeds:
            if feed not in self._problems:
                self._n_asked += 1
                self._requests.put((feed, what))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tracker", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while (request := self._requests.get()) is not None:
            feed, what = request
            if feed not in self._problems:
                try:
                    what(feed)
                except Exception as problem:
                    # Whatever it is, the runs are in the store, and training is worth more.
                    says = str(problem) if isinstance(problem, MlplabError) else repr(problem)
                    again = f"`mlplab runs export --to {feed.name}` writes the rest"
                    self._problems[feed] = f"tracking stopped: {says}; {again}"
            self._n_done += 1


Track = Tracker | str | Sequence[str] | None
"""A tracker; or a destination or several, which are left when the call has ended."""


@contextmanager
def tracking(track: Track, progress: ProgressOption = None) -> Iterator[Tracker | None]:
    """Give a tracker for what is said; one that was given stays open.

    A destination that fails meanwhile is a warning.

    Args:
        track: `mlflow`, `mlflow=URI`, `tensorboard`, `tensorboard=FOLDER`, or several of them.
        progress: shows how the rest is written, once all has been trained.
    """
    if track is None or isinstance(track, Tracker):
        yield track
        return
    tracker = Tracker([track] if isinstance(track, str) else track)
    try:
        yield tracker
    except BaseException:
        tracker.abandon()
        raise
    with reporting(progress, "track") as report:
        tracker.close(report)
    for line in tracker.problems:
        warnings.warn(line, stacklevel=4)
