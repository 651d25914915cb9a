"""A bar where somebody watches, a terminal or a notebook, once the work has taken a moment."""

from __future__ import annotations

import html
import multiprocessing
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

from mlplab.durations import spell_seconds
from mlplab.errors import ConfigError
from mlplab.experiment.progress import Progress, ProgressCallback, ProgressOption

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar
    from rich.progress import TaskID

SECONDS_BEFORE = 2.0
"""What is done sooner shows no progress."""

# Who holds it may show a bar: what is called inside another's work shows none of its own.
_OUTERMOST = threading.Lock()


@contextmanager
def reporting(
    progress: ProgressOption, label: str, stream: TextIO | None = None
) -> Iterator[ProgressCallback | None]:
    """Hand out what shall be called with the progress of some work, or None if nobody asks.

    Args:
        progress: True for a bar in a terminal or a notebook, nothing elsewhere; False or None for
            nothing, which holds for all that is called inside; or what to call.
        label: what is going on, in a word or two.
        stream: the terminal, if it is one; standard error by default.

    Raises:
        ConfigError: `progress` is none of these.
    """
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise ConfigError(
            f"progress: expected True, False or what is called with a Progress; got {progress!r}"
        )
    outermost = _OUTERMOST.acquire(blocking=False)
    try:
        if callable(progress):
            yield progress
        else:
            with _bar(label, stream) if progress and outermost else nullcontext() as bar:
                yield bar
    finally:
        if outermost:
            _OUTERMOST.release()


@contextmanager
def _bar(label: str, stream: TextIO | None) -> Iterator[ProgressCallback | None]:
    stream = sys.stderr if stream is None else stream
    # Workers share the terminal of the process that started them.
    if multiprocessing.parent_process() is not None or stream is None:
        yield None
        return
    if stream.isatty():
        bar: _Bar = _OnTerminal(label, stream)
    elif _in_notebook():
        bar = _InNotebook(label)
    else:
        yield None
        return
    try:
        yield bar
    finally:
        bar.close()


def _in_notebook() -> bool:
    # Not imported: a notebook has done so.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class _Bar(ABC):
    """What both kinds of bars do: they appear late, and not for what has just ended."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._start = time.monotonic()
        self._is_open = False

    def __call__(self, progress: Progress) -> None:
        if not self._is_open:
            early = time.monotonic() - self._start < SECONDS_BEFORE
            if early or progress.seconds_left == 0:
                return
            self._is_open = True
            self._open()
        words = [progress.counts, spell_seconds(progress.seconds)]
        if progress.seconds_left is not None:
            words.append(f"about {spell_seconds(progress.seconds_left)} left")
        self._draw(progress, ", ".join(words))

    def close(self) -> None:
        """Take the bar away."""
        if self._is_open:
            self._is_open = False
            self._clear()

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _draw(self, progress: Progress, words: str) -> None: ...

    @abstractmethod
    def _clear(self) -> None: ...


class _OnTerminal(_Bar):
    _rich: RichBar
    _task: TaskID

    def __init__(self, label: str, stream: TextIO) -> None:
        super().__init__(label)
        self._stream = stream

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichBar

        self._rich = RichBar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[words]}"),
            console=Console(file=self._stream),
            transient=True,
        )
        self._rich.start()
        self._task = self._rich.add_task(self.label, total=None, words="")

    def _draw(self, progress: Progress, words: str) -> None:
        self._rich.update(
            self._task,
            completed=progress.run_epochs,
            total=progress.run_epochs_total,
            words=words,
        )

    def _clear(self) -> None:
        self._rich.stop()


class _InNotebook(_Bar):
    """By IPython's own display: widgets are an extension that many notebooks lack."""

    _handle: Any

    def _open(self) -> None:
        from IPython.display import display  # type: ignore[import-not-found, unused-ignore]

        self._handle = display({"text/plain": ""}, raw=True, display_id=True)

    def _draw(self, progress: Progress, words: str) -> None:
        text = f"{self.label}: {words}"
        ends = f'value="{progress.run_epochs:.2f}" max="{max(progress.run_epochs_total, 1e-9):.2f}"'
        bar = f'<progress {ends} style="width: 12em"></progress> {html.escape(text)}'
        self._handle.update({"text/plain": text, "text/html": bar}, raw=True)

    def _clear(self) -> None:
        self._handle.update({"text/plain": "", "text/html": ""}, raw=True)
