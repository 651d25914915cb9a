"""Early stopping: one rule for stacks and for compiled loops, where `epochs.h` states it in C.

After each epoch a run's monitor is looked at. The first epoch is the best, then each that is
`is_better`; the run ends once `is_over`.
"""

from __future__ import annotations


def merit(monitor: str, value: float) -> float:
    """Return a monitor's value such that more is better.

    >>> merit("valid_accuracy", 0.9), merit("valid_loss", 0.3)
    (0.9, -0.3)
    """
    return value if monitor == "valid_accuracy" else -value


def is_better(monitor: str, value: float, best: float) -> bool:
    """Say whether a value is strictly better than the best so far; what is no number never is.

    >>> is_better("valid_loss", 0.2, 0.3), is_better("valid_loss", 0.3, 0.3)
    (True, False)
    """
    return merit(monitor, value) > merit(monitor, best)


def is_over(epoch: int, best_epoch: int, patience: int) -> bool:
    """Say whether the best epoch lies `patience` epochs back or more.

    >>> is_over(5, best_epoch=3, patience=2), is_over(5, best_epoch=4, patience=2)
    (True, False)
    """
    return epoch - best_epoch >= patience
