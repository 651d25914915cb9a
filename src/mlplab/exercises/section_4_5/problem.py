"""The section's problem: 20 examples of 200 inputs, and what a linear model costs on new ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlplab.theory.linear import LinearModels

Array = NDArray[np.float64]

N_TRAIN, N_TEST, N_INPUTS = 20, 100, 200
WEIGHT, BIAS, NOISE = 0.01, 0.05, 0.01
VARIANCE = N_INPUTS * WEIGHT**2 + NOISE**2
"""Of a target: what predicting its mean would cost."""
RATE, EPOCHS, BATCH_SIZE = 0.003, 100, 5


def true_risk(models: LinearModels) -> Array:
    """Return E (y - x w - b)^2 over new data as a share of the variance of y.

    With standard normal inputs it is ||w - w*||^2 + (b - b*)^2 + sigma^2: no test set is needed.
    """
    apart = np.square(models.weights - WEIGHT).sum(axis=-1)
    return np.asarray((apart + np.square(models.intercepts - BIAS) + NOISE**2) / VARIANCE)
