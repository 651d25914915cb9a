"""What the clock decided in a fit, kept: one that goes on, or is asked again, decides the same."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from mlplab.store import Store
from mlplab.tabular.time_budget import Budget

_SECONDS_BETWEEN = 2.0  # the seconds a fit has taken are lost by as much if it is killed


class Journal:
    """The decisions of a fit in their order, and the seconds that it has taken so far.

    Args:
        store: where it is kept; None keeps nothing.
        key: the identity of the question.
        subject: what it is, in words.

    >>> budget = Budget(60.0, None, None, clock=lambda: 1.5, started=0.0)
    >>> with Store(":memory:") as store:
    ...     first = Journal(store, "k", "a fit")
    ...     first.note("train", 3, budget)
    ...     again = Journal(store, "k", "a fit")
    ...     again.seconds, again.next("train"), again.next("train")
    (1.5, 3, None)
    """

    def __init__(self, store: Store | None, key: str = "", subject: str = "") -> None:
        self._store, self._key, self._subject = store, key, subject
        blob = store.recall(key) if store is not None else None
        self.seconds, self._notes = _read(blob)
        self._at = 0
        self._written = self.seconds

    @property
    def goes_on(self) -> bool:
        """Whether decisions of an earlier fit remain to be repeated."""
        return self._at < len(self._notes)

    def next(self, what: str) -> Any:
        """Return what was decided here before; None if nothing was."""
        if not self.goes_on:
            return None
        name, value = self._notes[self._at]
        if name != what:  # another course: from here on nothing is known
            del self._notes[self._at :]
            return None
        self._at += 1
        return value

    def decide(self, what: str, choose: Callable[[], Any], budget: Budget) -> Any:
        """Return what an earlier part of the same fit decided here, else choose, and keep that."""
        known = self.next(what)
        if known is not None:
            return known
        value = choose()
        self.note(what, value, budget)
        return value

    def note(self, what: str, value: Any, budget: Budget) -> None:
        """Keep a decision; what is given up because an end is asked for is none of the clock's."""
        if budget.stop():
            return
        del self._notes[self._at :]
        self._notes.append([what, value])
        self._at += 1
        self._write(budget.passed)

    def beat(self, seconds: float) -> None:
        """Keep how long it has taken, now and then."""
        if seconds - self._written > _SECONDS_BETWEEN:
            self._write(seconds)

    def _write(self, seconds: float) -> None:
        self._written = seconds
        if self._store is None:
            return
        # what was decided before, and may yet be repeated, stays
        self.seconds = max(self.seconds, seconds)
        kept = {"seconds": self.seconds, "notes": self._notes}
        self._store.remember(self._key, self._subject, json.dumps(kept).encode())


def _read(blob: bytes | None) -> tuple[float, list[list[Any]]]:
    """Return the seconds and decisions that were kept; what cannot be read counts as none."""
    try:
        kept = json.loads(blob or "")
        seconds, notes = float(kept["seconds"]), kept["notes"]
        if 0 <= seconds < math.inf and all(isinstance(name, str) for name, _ in notes):
            return seconds, notes
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    return 0.0, []
