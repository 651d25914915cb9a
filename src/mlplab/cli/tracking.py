"""`--track`: one tracker for all that a command trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlplab.cli.progress import show_progress
from mlplab.cli.screen import note

if TYPE_CHECKING:
    from mlplab.experiment.tracking import Tracker


@contextmanager
def handing_on(destinations: Sequence[str], quiet: bool) -> Iterator[Tracker | None]:
    """Give a tracker for `--track`; on leaving, what lacks is written.

    A destination that fails meanwhile is told on standard error, and the command goes on.

    Raises:
        MlplabError: there is no such destination, or it cannot be reached; before any training.
    """
    if not destinations:
        yield None
        return
    from mlplab.experiment.tracking import Tracker

    tracker = Tracker(destinations)
    try:
        yield tracker
    except BaseException:
        tracker.abandon()
        raise
    with show_progress("track", quiet) as progress:
        tracker.close(progress)
    for line in tracker.problems:
        note(line)
