"""How far a command has come: a bar on a terminal, now and then a line in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from mlplab.experiment import Progress
    from mlplab.experiment.progress import ProgressCallback

SECONDS_BEFORE = 2.0
"""What is done sooner shows no progress."""

SECONDS_BETWEEN_LINES = 10.0  # in a log, where lines stay


@contextmanager
def show_progress(
    label: str, quiet: bool, stream: TextIO | None = None
) -> Iterator[ProgressCallback | None]:
    """Hand out what an experiment calls with its progress; None if the command shall be quiet.

    Args:
        label: what is going on, in a word or two.
        quiet: show nothing.
        stream: where to show it; standard error by default.
    """
    if quiet:
        yield None
        return
    stream = sys.stderr if stream is None else stream
    # A log file or a pipe cannot redraw a bar: each step would be a line.
    if not stream.isatty():
        yield _Lines(label, stream)
        return
    bar = _OnTerminal(label, stream)
    try:
        yield bar
    finally:
        bar.close()


class _Lines:
    """A line every ten seconds at most."""

    def __init__(self, label: str, stream: TextIO) -> None:
        self._label = label
        self._stream = stream
        self._next = time.monotonic() + SECONDS_BEFORE

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now >= self._next and progress.n_done < progress.n_runs:
            self._next = now + SECONDS_BETWEEN_LINES
            print(f"{self._label}: {progress}", file=self._stream, flush=True)


class _OnTerminal:
    """A bar that appears once the work has taken a moment."""

    def __init__(self, label: str, stream: TextIO) -> None:
        self._label = label
        self._stream = stream
        self._start = time.monotonic()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __call__(self, progress: Progress) -> None:
        if self._bar is None:
            if time.monotonic() - self._start < SECONDS_BEFORE:
                return
            self._bar = self._open()
            self._task = self._bar.add_task(self._label, total=None, runs="", left="")
        assert self._task is not None
        left = progress.seconds_left
        self._bar.update(
            self._task,
            completed=progress.run_epochs,
            total=progress.run_epochs_total,
            runs=f"{progress.n_done}/{progress.n_runs} runs",
            left="" if left is None else f"about {spell_seconds(left)} left",
        )

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def _open(self) -> Bar:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[runs]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(file=self._stream),
            transient=True,
        )
        bar.start()
        return bar


def spell_seconds(seconds: float) -> str:
    """Return a duration in the largest units that say enough.

    >>> spell_seconds(0.0213), spell_seconds(48.2), spell_seconds(4000)
    ('0.021 s', '48 s', '1 h 7 min')
    """
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
