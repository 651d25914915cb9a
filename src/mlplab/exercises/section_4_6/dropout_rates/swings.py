"""How far a run's accuracy moves from one epoch to the next, late in training."""

from __future__ import annotations

from mlplab.experiment import Runs


def last_swing(runs: Runs, metric: str = "valid_accuracy") -> float:
    """Return the mean size of a metric's change between the last two epochs; NaN after one."""
    frame = runs.frame()
    by_epoch = frame.pivot_table(index="key", columns="epoch", values=metric)
    if by_epoch.shape[1] < 2:
        return float("nan")
    return float((by_epoch.iloc[:, -1] - by_epoch.iloc[:, -2]).abs().mean())
