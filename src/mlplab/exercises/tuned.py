"""The rate that suits each level of a factor, chosen on validation rows by seeds of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.experiment.metrics import higher_is_better

if TYPE_CHECKING:
    from mlplab.experiment import Runs

TUNING_SEEDS = range(1000, 1008)
"""Seeds that choose; those that compare are counted from 0."""


def best_per_level(
    runs: Runs, factors: Sequence[str], metric: str = "valid_accuracy"
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return, for each setting of some factors, the arm with the best mean of a metric.

    An arm with a failed run is chosen only where all have one.

    Args:
        runs: of a grid over these factors and others.
        factors: dotted paths.
        metric: of the validation split.

    Returns:
        Setting -> the chosen arm's factors, in the order of the design.
    """
    sign = 1.0 if higher_is_better(metric) else -1.0
    chosen: dict[tuple[Any, ...], tuple[tuple[bool, float], Mapping[str, Any]]] = {}
    for one in runs.summary(metric):
        level = tuple(one.factors[path] for path in factors)
        rank = (one.n_failed == 0, sign * one.mean if one.mean == one.mean else float("-inf"))
        if level not in chosen or rank > chosen[level][0]:
            chosen[level] = (rank, one.factors)
    return {level: dict(found) for level, (_, found) in chosen.items()}
