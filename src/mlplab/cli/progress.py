"""How far a command has come: a bar on a terminal, now and then a line in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from mlplab.cli.printable import printable

if TYPE_CHECKING:
    from mlplab.experiment import Progress
    from mlplab.experiment.progress import ProgressCallback

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
    from mlplab.experiment.progress_bar import reporting

    stream = sys.stderr if stream is None else stream
    # A log file or a pipe cannot redraw a bar: each step would be a line.
    lines = None if quiet or stream.isatty() else _Lines(label, stream)
    with reporting(lines or not quiet, label, stream) as progress:
        yield progress


class _Lines:
    """A line every ten seconds at most, and none before anything has happened.

    A mistake that shows as training begins stays the only line, however slow the machine.
    """

    def __init__(self, label: str, stream: TextIO) -> None:
        from mlplab.experiment.progress_bar import SECONDS_BEFORE

        self._label = label
        self._stream = stream
        self._next = time.monotonic() + SECONDS_BEFORE

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        has_begun = progress.n_done > 0 or progress.run_epochs > 0
        if has_begun and now >= self._next and progress.n_done < progress.n_runs:
            self._next = now + SECONDS_BETWEEN_LINES
            print(printable(f"{self._label}: {progress}"), file=self._stream, flush=True)
