"""A learning rate that falls to 0, so that a training comes to rest before it is scored."""

from __future__ import annotations

from mlplab.specs import Run


def falling(run: Run) -> Run:
    """Return the run with its learning rate falling to 0 along half a cosine.

    At a constant rate of 0.5 accuracies move by points from epoch to epoch, and by as much from
    seed to seed; small effects cannot be seen there.
    """
    fallen: Run = run.with_value("optim.schedule", "cosine")
    return fallen
