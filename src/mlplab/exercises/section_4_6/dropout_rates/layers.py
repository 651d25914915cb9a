"""What each of the two layers' rates does: contrasts of the grid, seed by seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.section_4_6.dropout_rates.design import RATES
from mlplab.experiment import Effects, Runs
from mlplab.experiment.metrics import fewest_rows_scored
from mlplab.stats import factorial_effects

LAYERS = ("first layer", "second layer")


def rate_grid(runs: Runs, metric: str) -> NDArray[np.float64]:
    """Return a metric's last values, (rates of the first layer, of the second, seeds)."""
    return runs.values(metric).reshape(len(RATES), len(RATES), -1)


def layer_steps(grid: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the greatest rate adds to none, in the first layer and in the second, by seed.

    Each is a mean over the rates of the other layer.

    >>> first, second = layer_steps(np.arange(4.0)[:, None, None] + np.zeros((4, 4, 1)))
    >>> float(first[0]), float(second[0])
    (3.0, 0.0)
    """
    return (grid[-1] - grid[0]).mean(axis=0), (grid[:, -1] - grid[:, 0]).mean(axis=0)


def layer_effects(runs: Runs, metric: str, matters: float) -> Effects:
    """Return the effects of the two layers' rates on a metric, as `Runs.effects` does of factors.

    Args:
        runs: of the grid.
        metric: at the last epoch.
        matters: the smallest difference that matters.
    """
    grid = rate_grid(runs, metric)
    whole = np.isfinite(grid).all(axis=(0, 1))
    seeds = np.array(runs.experiment.seeds)
    n_test = fewest_rows_scored(metric, [runs.arms[0].run], runs.experiment.data)
    found = factorial_effects(grid[..., whole], LAYERS, n_test=n_test)
    return Effects(
        metric,
        dict.fromkeys(LAYERS, RATES),
        matters,
        tuple(seeds[whole].tolist()),
        tuple(seeds[~whole].tolist()),
        found,
    )
