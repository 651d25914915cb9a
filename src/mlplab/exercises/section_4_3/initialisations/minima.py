"""Where seeds end: the loss on the plane through three trained networks of one arm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlplab.draw import Figure, loss_surface
from mlplab.experiment import Runs

_VALUES = ("end_loss", "peak_loss", "apart", "n_plane_rows")
_LINE = 41  # points between two networks
# Each of the grid's 625 points is a forward pass of them all.
_ROWS = 512


def minima(runs: Runs, arm: str, n_grid: int = 25) -> tuple[dict[str, Any], tuple[Figure, ...]]:
    """Return what lies between the networks of an arm's first three seeds, and its picture.

    Values: `end_loss` (mean of the two ends), `peak_loss` (highest on the straight line between
    the first two), `apart` (their distance), `n_plane_rows` (training rows behind each point);
    NaN, and no picture, under three seeds.
    """
    from mlplab.theory import plane_through, surface

    seeds = list(runs.experiment.seeds)[:3]
    if len(seeds) < 3:
        return dict.fromkeys(_VALUES, math.nan), ()
    cell = next(one for one in runs.cells if one.arm.label == arm and one.seed == seeds[0])
    task = runs.experiment.data
    names = [f"seed {seed}" for seed in seeds]
    plane = plane_through(
        {name: runs.weights(arm, s) for name, s in zip(names, seeds, strict=True)}
    )
    apart = plane.marks[names[1]][0]
    whole = surface(cell.run, plane, task, x=n_grid, y=n_grid, n_rows=_ROWS)
    steps = np.linspace(0, apart, _LINE)
    line = surface(cell.run, plane, task, x=steps, y=[0.0], n_rows=_ROWS).loss[0]
    values = {
        "end_loss": float((line[0] + line[-1]) / 2),
        "peak_loss": float(line.max()),
        "apart": apart,
        "n_plane_rows": whole.n_rows,
    }
    figure = loss_surface(
        whole.frame(),
        plane.marks,
        x_title="distance along the line",
        y_title="distance from the line",
        name="loss-between-seeds",
    )
    return values, (figure,)
