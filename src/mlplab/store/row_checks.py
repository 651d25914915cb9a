"""What a stored row may hold: SQLite lets any type stand in any column, whoever wrote it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from mlplab.specs.outcome import Status

STATUSES = frozenset(get_args(Status))
_TEXTS = ("id", "key", "says", "verdict", "size", "scope", "note")  # of a verdict
_NUMBERS = ("effect", "matters", "p", "level", "n_seeds", "seeds_needed")
_INTERVALS = ("interval", "this_test_set", "new_examples")
_MOST_EPOCHS = 2**31 - 1  # columns hold them in four bytes
_END_OF_TIME = 253402300800  # the year 10,000, in seconds since 1970


def check_ends(
    status: Any,
    provenance: Any,
    epochs: Any,
    diverged_epoch: Any,
    best_epoch: Any,
    seconds: Any,
    n_params: Any,
) -> None:
    """Refuse what a run's end cannot be.

    Raises:
        ValueError: a status that there is not, a text or a negative number among the counts, or
            an epoch that was not trained.
    """
    if status not in STATUSES or type(provenance) is not str:
        raise ValueError(f"status {status!r}"[:80])
    for count in (epochs, n_params, best_epoch, diverged_epoch):
        if count is not None and (type(count) is not int or count < 0):
            raise ValueError("its counts are none")
    if epochs is None or n_params is None:
        raise ValueError("its counts are none")
    if epochs > _MOST_EPOCHS:
        raise ValueError(f"{epochs} epochs")
    for name, epoch in (("best", best_epoch), ("diverged", diverged_epoch)):
        if epoch is not None and epoch > epochs:
            raise ValueError(f"its {name} epoch is {epoch} of {epochs}")
    if best_epoch == 0:
        raise ValueError("its best epoch is 0")
    if seconds is not None and (not isinstance(seconds, float | int) or math.isinf(seconds)):
        raise ValueError("its seconds are none")


def check_blob(blob: Any) -> None:
    """Refuse what are no bytes.

    Raises:
        ValueError: a text or a number.
    """
    if not isinstance(blob, bytes):
        raise ValueError(f"expected bytes, not {blob!r}"[:80])


def check_time(saved_at: Any) -> None:
    """Refuse seconds since 1970 that are no time.

    Raises:
        ValueError: they are no number, or of a year that no calendar has.
    """
    if not isinstance(saved_at, float | int) or not 0 <= saved_at < _END_OF_TIME:
        raise ValueError(f"time {saved_at!r}"[:80])


def check_verdict(verdict: Mapping[str, Any]) -> None:
    """Refuse a verdict that cannot be shown.

    Raises:
        ValueError: a text, a number, an interval or its details are something else.
    """
    if not verdict.get("id"):
        raise ValueError("it has no claim's id")
    details = verdict.get("details") or {}
    if not isinstance(details, dict) or not isinstance(details.get("question", ""), str):
        raise ValueError("its details are none")
    if details.get("question") and type(details.get("seeds")) is not int:
        raise ValueError("its details name no number of seeds")
    texts = [(name, verdict.get(name, "")) for name in _TEXTS]
    numbers = [(name, verdict.get(name)) for name in _NUMBERS]
    for name in _INTERVALS:
        ends = verdict.get(name)
        if ends is not None and (not isinstance(ends, list) or len(ends) != 2 or None in ends):
            raise ValueError(f"its {name} is none")
        numbers += [(name, end) for end in ends or ()]
    for name, text in texts:
        if not isinstance(text, str | None):
            raise ValueError(f"its {name} is no text")
    for name, number in numbers:
        whole = type(number) is int and abs(number) < 2**63
        if number is not None and not whole and not isinstance(number, float):
            raise ValueError(f"its {name} is no number")


def check_lengths(epochs: int, lengths: Iterable[int]) -> None:
    """Refuse histories that all end before the run did; one metric may be scored at the end alone.

    Raises:
        ValueError: they do, and not all of them are empty.
    """
    longest = max(lengths, default=0)
    if 0 < longest < epochs:
        raise ValueError(f"{epochs} epochs, of a history of {longest}")
