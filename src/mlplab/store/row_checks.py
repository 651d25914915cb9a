"""What a stored row may hold: SQLite lets any type stand in any column, whoever wrote it."""

from __future__ import annotations

from typing import Any, get_args

from mlplab.specs.outcome import Status

STATUSES = frozenset(get_args(Status))


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
        ValueError: a status that there is not, or a text or a negative number among the counts.
    """
    if status not in STATUSES or type(provenance) is not str:
        raise ValueError(f"status {status!r}"[:80])
    for count in (epochs, n_params, best_epoch, diverged_epoch):
        if count is not None and (type(count) is not int or count < 0):
            raise ValueError("its counts are none")
    if epochs is None or n_params is None:
        raise ValueError("its counts are none")
    if not isinstance(seconds, float | int | None):
        raise ValueError("its seconds are none")
