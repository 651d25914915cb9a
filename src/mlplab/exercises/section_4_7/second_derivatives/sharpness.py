"""The largest eigenvalues of every run of a descent, and one run's whole spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_7.second_derivatives.design import RATES
from mlplab.experiment import Runs
from mlplab.theory import curvature, hessian

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sharpness:
    """Of all runs on all training rows.

    Attributes:
        epochs: how long they trained, (E,).
        largest: eigenvalue of the Hessian, by rate, epochs and seed, (L, E, S).
        gauss_newton: the same of the Gauss-Newton matrix after the last epochs, (L, S).
    """

    epochs: tuple[int, ...]
    largest: Array
    gauss_newton: Array

    @property
    def of_edge(self) -> Array:
        """Rate times sharpness over 2, (L, E, S): descent on a parabola diverges above 1."""
        return np.asarray(np.array(RATES)[:, None, None] * self.largest / 2)


@lru_cache(maxsize=2)
def sharpness(runs: Runs) -> Sharpness:
    """Find the sharpness of every run."""
    epochs = tuple(runs.experiment.vary["fit.epochs"])
    last = [{"optim.lr": rate, "fit.epochs": epochs[-1]} for rate in RATES]
    on_all = partial(curvature, runs, n_rows=None, progress=False)
    largest = on_all().eigenvalues
    of_last = on_all(arms=last, matrix="gauss-newton").eigenvalues
    by_rate = len(RATES), -1, len(runs.experiment.seeds)
    return Sharpness(epochs, largest.reshape(by_rate), of_last.reshape(by_rate)[:, 0])


@lru_cache(maxsize=2)
@one_thread
def spectrum(runs: Runs) -> Array:
    """Return all eigenvalues of the Hessian of the last arm's first run, growing, (P,)."""
    arm, seed = runs.arms[-1], runs.experiment.seeds[0]
    cell = next(cell for cell in runs.cells if cell.arm == arm and cell.seed == seed)
    weights = runs.weights(arm, seed, progress=False)
    whole = hessian(cell.run, weights, runs.experiment.data, n_rows=None)
    return np.asarray(np.linalg.eigvalsh(whole))
