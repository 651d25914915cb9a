"""How far the units of trained networks are apart, by kind and start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.section_4_8.other_symmetries.design import N_UNITS, ODD, STARTS, net
from mlplab.exercises.section_4_8.other_symmetries.networks import AXES
from mlplab.experiment import Runs
from mlplab.specs import Module
from mlplab.theory import unit_spread

Array = NDArray[np.float64]

APART = 0.01
"""Of the largest weight: from here on units do different things."""


def spreads(runs: Runs, label: str, kind: str, n_units: int = N_UNITS) -> Array:
    """Return how far the units of an arm's trained networks are apart, by seed: (S,).

    A run that diverged has no number: NaN.
    """
    from mlplab.experiment.weights import run_weights, unpack_weights

    cells = [cell for cell in runs.cells if cell.arm.label == label]
    ended = [cell for cell in cells if runs.outcomes[cell.key].status == "finished"]
    blobs = run_weights(ended, runs, False)
    by_seed = {
        cell.seed: unit_spread(unpack_weights(blob), n_units, AXES[kind])
        for cell, blob in zip(ended, blobs, strict=True)
    }
    return np.array([by_seed.get(seed, np.nan) for seed in runs.experiment.seeds])


def trained_spreads(runs: Runs) -> dict[tuple[str, str], Array]:
    """Return the spreads of all kinds and starts: (kind, start) -> (S,)."""
    return {
        (kind, start): spreads(runs, runs.experiment.find(net(kind, **settings)).label, kind)
        for kind in AXES
        for start, settings in STARTS.items()
    }


def rounding_spreads(runs: Runs) -> dict[tuple[str, int], Array]:
    """Return the spreads of seven equal units after some epochs: (kind, epochs) -> (S,)."""
    out = {}
    for arm in runs.arms:
        assert isinstance(arm.run.net, Module)
        kind = str(arm.run.net.setting("kind"))
        out[kind, arm.run.fit.epochs] = spreads(runs, arm.label, kind, ODD)
    return out
