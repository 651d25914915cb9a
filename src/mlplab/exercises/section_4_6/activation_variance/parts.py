"""The variance of what the next layer sees, split into what makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

LAYERS = (1, 2)
N_IMAGES = 1000


def mask_part(variance: Any, mean: Any, rate: Any) -> Any:
    """Return the part of a variance that dropout's mask makes: the rate times the mean square.

    >>> mask_part(0.25, 0.5, 0.5)  # 0.5 everywhere becomes 0 or 1: the mask makes all of it
    0.25
    """
    return rate * (variance + mean**2)


def layer_frame(runs: Runs) -> pd.DataFrame:
    """Return a row per run and epoch; `mask_1` and `rest_1` add up to `activation_variance_1`."""
    frame = runs.frame()
    for layer in LAYERS:
        rate = np.array([one[layer - 1] if one else 0.0 for one in frame["net.dropout"]])
        variance, mean = (frame[f"activation_{what}_{layer}"] for what in ("variance", "mean"))
        frame[f"mask_{layer}"] = mask_part(variance, mean, rate)
        frame[f"rest_{layer}"] = variance - frame[f"mask_{layer}"]
    return frame


def by_seed(runs: Runs, metric: str, factors: Mapping[str, Any], epoch: int = -1) -> Array:
    """Return a column of `layer_frame` by seed, in the last epoch or in another: (S,).

    A run that diverged has no number: NaN.
    """
    frame = layer_frame(runs)
    frame = frame[frame["arm"] == runs.experiment.find(factors).label]
    frame = frame[frame["status"] == "finished"]
    picked = frame["epoch"].max() if epoch < 0 else epoch
    found = frame[frame["epoch"] == picked].set_index("seed")[metric]
    return found.reindex(runs.experiment.seeds).to_numpy(dtype=np.float64)


def trained_parts(runs: Runs, factors: Mapping[str, Any]) -> dict[int, Array]:
    """Split each layer's variance on validation images, with the weights that training ended on.

    Returns:
        Layer -> variance between the means of units, over examples within a unit, and by the
        mask, for each run that ended: (S, 3). The noise of layers below is left out.
    """
    from mlplab.experiment.weights import run_weights, unpack_weights

    arm, task = runs.experiment.find(factors), runs.experiment.data
    cells = [cell for cell in runs.cells if cell.arm == arm]
    ended = [cell for cell in cells if runs.outcomes[cell.key].status == "finished"]
    rates = arm.run.mlp.dropout or (0.0,) * len(LAYERS)
    parts: dict[int, list[Array]] = {layer: [] for layer in LAYERS}
    for cell, blob in zip(ended, run_weights(ended, runs), strict=True):
        rows = task.split(cell.seed, cell.run.rows).valid[:N_IMAGES]
        weights = unpack_weights(blob)
        h = np.asarray(task.inputs[rows], dtype=np.float64) * task.input_scale
        for layer, rate in zip(LAYERS, rates, strict=True):
            weight, bias = (weights[f"layers.{layer - 1}.{what}"] for what in ("weight", "bias"))
            h = np.maximum(h @ weight.T + bias, 0.0)
            parts[layer].append(variance_parts(h, rate))
    return {layer: np.array(found) for layer, found in parts.items()}


def variance_parts(h: Array, rate: float) -> Array:
    """Split the variance of dropped activations (N, U) by the law of total variance: (3,).

    >>> variance_parts(np.array([[0.0, 2.0], [2.0, 4.0]]), 0.5).tolist()
    [1.0, 1.0, 6.0]
    """
    between, within = h.mean(axis=0).var(), h.var(axis=0).mean()
    return np.array([between, within, (h**2).mean() * rate / (1 - rate)])
