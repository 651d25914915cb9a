"""How long a search on a table may take, and how far it tells it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from mlplab.experiment.progress import Progress, ProgressCallback

LATE = 0.85  # of the time: until then the first waves may take, even in a shorter first part
FIRST_SECONDS = 10.0  # without any network there is nothing: the first ones may take so long


class Budget:
    """How long a search may take: until a time, or for a number of configurations.

    Args:
        seconds: from the start.
        configurations: of the first wave; then time is not looked at.
        say: told how far it is.
        clock: seconds that only grow.
        started: on the clock; None is now.
        stop: whether somebody asks for an end.
    """

    def __init__(
        self,
        seconds: float,
        configurations: int | None,
        say: ProgressCallback | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        started: float | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.clock = clock
        self.start = clock() if started is None else started
        self.seconds = seconds
        self.configurations = configurations
        self.stop = stop
        self._say = say
        self._said = -1.0
        self.n_runs = 0
        self.run_epochs = 0.0

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return self.clock() - self.start

    def went_on(self, seconds: float) -> None:
        """Count what an earlier part of the same work has taken."""
        self.start -= seconds

    def left(self, share: float = 1.0, *, least: float = 0.0) -> float:
        """Seconds that are left of a share of the time; below 0 once an end is asked for.

        Args:
            share: of the time.
            least: seconds from the start that are granted at least.
        """
        if self.stop():
            return -1.0
        if self.configurations is not None:
            return float("inf")
        return max(share * self.seconds, least) - self.passed

    def trained(self, run_epochs: float = 0.0, n_runs: int = 0, share: float = 0.0) -> None:
        """Note what was trained, and tell of it; `share` of the work is done where time is none."""
        self.n_runs += n_runs
        self.run_epochs += run_epochs
        passed = self.passed
        if self._say is None or passed - self._said < 0.1:
            return
        self._said = passed
        left = max(0.0, self.seconds - passed) if self.configurations is None else None
        done = min(0.999, passed / self.seconds) if self.configurations is None else share
        total = self.run_epochs / max(done, 1e-3)
        self._say(Progress(self.n_runs, self.n_runs, 0, self.run_epochs, total, passed, left))
