"""What a stored row may hold: SQLite lets any type stand in any column, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from mlplab.specs.outcome import Status

STATUSES = frozenset(get_args(Status))
_MOST_EPOCHS = 2**31 - 1  # columns hold them in four bytes


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
    if not isinstance(seconds, float | int | None):
        raise ValueError("its seconds are none")


def check_lengths(best_epoch: int | None, lengths: Iterable[int]) -> None:
    """Refuse histories that end before the epoch whose weights the run ended with.

    Raises:
        ValueError: one does, and is not empty.
    """
    if best_epoch is None:
        return
    for length in lengths:
        if 0 < length < best_epoch:
            raise ValueError(f"its best epoch is {best_epoch}, of a history of {length}")
