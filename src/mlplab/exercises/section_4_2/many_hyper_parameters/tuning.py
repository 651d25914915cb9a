"""Settings tuned one hyper-parameter at a time, and all together."""

from __future__ import annotations

import numpy as np

from mlplab.exercises.section_4_2.search_table import Grid


def tuned_apart(grid: Grid) -> tuple[int, ...]:
    """Return the place of the best value of each hyper-parameter, the others being usual."""
    mean = grid.scores.mean(axis=-1)
    usual = (*grid.usual, mean.shape[4] - 1)
    return tuple(
        int(np.argmax(mean[(*usual[:axis], slice(None), *usual[axis + 1 :])]))
        for axis in range(mean.ndim)
    )


def tuned_jointly(grid: Grid) -> tuple[int, ...]:
    """Return the place of the best setting of all."""
    mean = grid.scores.mean(axis=-1)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mean)), mean.shape))
