"""The moves that are tried, and the ones that validation rows choose."""

from __future__ import annotations

from typing import Any

from mlplab.experiment import Runs

SHIFTS = (0, 1, 2)
FLIPS = (False, True)


def chosen_moves(runs: Runs) -> dict[str, Any]:
    """Return shift and flip of the best mean validation accuracy among those that move anything."""
    moving = [one for one in runs.summary("valid_accuracy") if any(one.factors.values())]
    # An arm whose runs all failed has no mean.
    best = max(moving, key=lambda one: one.mean if one.n_seeds else 0.0)
    return dict(best.factors)
