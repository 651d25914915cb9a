"""Largest and mean squared errors of trained networks beside those of constructed ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_1.piecewise_linear.constructions import (
    COMPARED,
    INTERVAL,
    constructed,
    forward,
)
from mlplab.experiment import Runs
from mlplab.theory import Approximation

Array = NDArray[np.float64]
Expect = Literal["higher", "lower", "same"]
_N_POINTS = 20_001


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per seed for each claim."""
    few, many = (constructed(epsilon) for epsilon in COMPARED)
    largest, square = trained_errors(runs["trained"], few)
    largest_of_many, _ = trained_errors(runs["trained"], many)
    _, square_built = errors(few, few)

    def claim(key: str, values: Sequence[float], beside: float, expect: Expect) -> Measured:
        ratios = tuple(float(np.log10(value / beside)) for value in values)
        return Measured(key, ratios, 0.1, expect, "log10 of error")

    return (
        claim("trained", largest, few.bound, "higher"),
        claim("trained_wide", largest_of_many, many.bound, "higher"),
        claim("square", square, square_built, "lower"),
    )


def errors(network: Callable[[Array], Array], built: Approximation) -> tuple[float, float]:
    """Return the largest and the mean squared error of a network, on a fine grid."""
    x = np.linspace(*INTERVAL, _N_POINTS)
    apart = network(x) - built.function(x)
    return float(np.abs(apart).max()), float(np.square(apart).mean())


def trained_errors(runs: Runs, built: Approximation) -> tuple[list[float], list[float]]:
    """Return the largest and the mean squared error of each run as wide as a construction."""
    from mlplab.experiment.weights import run_weights, unpack_weights

    cells = [cell for cell in runs.cells if cell.run.value("net.hidden") == (built.n_units,)]
    ended = [cell for cell in cells if runs.outcomes[cell.key].status == "finished"]
    found = []
    for blob in run_weights(ended, runs):
        part = {name: np.asarray(array, float) for name, array in unpack_weights(blob).items()}
        layers = [(part[f"layers.{i}.weight"], part[f"layers.{i}.bias"]) for i in range(2)]
        found.append(errors(partial(forward, layers, slope=0.0), built))
    return [one for one, _ in found], [two for _, two in found]
