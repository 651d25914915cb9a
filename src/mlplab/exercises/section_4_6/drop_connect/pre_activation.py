"""What dropout of inputs and DropConnect do to the sums that an activation is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mlplab.specs.keyed import philox

Floats = NDArray[np.float64]

N_MASKS = 16_384
N_UNITS, N_INPUTS = 8, 32
RATES = (0.1, 0.2, 0.35, 0.5, 0.7)
"""Rates at which simulation and formula are set side by side."""
_LANES = 16  # noise is drawn for so many examples at a time


def variance(weights: Floats, x: Floats, rate: float) -> Floats:
    """Return p/(1-p) times the sum of w^2 x^2 of each unit: of both kinds of noise.

    Args:
        weights: (U, I).
        x: (N, I).
        rate: p.

    Returns:
        (N, U).
    """
    return rate / (1 - rate) * np.asarray((x**2) @ (weights**2).T)


def sums_without_weights(weights: Floats, x: Floats, rate: float, n_masks: int) -> Floats:
    """Return the sums (M, N, U) of examples (N, I) under masks of the weights, as in training."""
    masks = _masks("drop-connect", (n_masks, *weights.shape), rate)
    return np.swapaxes((masks * weights) @ x.T, 1, 2)


def sums_without_inputs(weights: Floats, x: Floats, rate: float, n_masks: int) -> Floats:
    """Return the sums (M, N, U) of examples (N, I) under masks of the inputs.

    The masks are those of one example after another; here all examples get each.
    """
    masks = _masks("dropout", (n_masks // _LANES, x.shape[1], _LANES), rate)
    return np.asarray((masks.transpose(0, 2, 1).reshape(-1, 1, x.shape[1]) * x) @ weights.T)


def _masks(purpose: str, shape: tuple[int, int, int], rate: float) -> Floats:
    import torch

    from mlplab.engine.noise import KeyedNoise, fill_masks, masking

    n_masks, rows, lanes = shape
    padded = -(-lanes // _LANES) * _LANES
    noise = KeyedNoise(purpose)
    drawn = noise.draw([(0, step) for step in range(n_masks)], 0, rows, padded)[:, :, :lanes]
    ((threshold, scale),) = masking([[rate]], torch.float64, torch.float64)
    masks = torch.empty(shape, dtype=torch.float64)
    fill_masks(drawn, threshold, scale, masks)
    return masks.numpy()


SIMULATED: Mapping[str, Callable[..., Floats]] = {
    "weights": sums_without_weights,
    "inputs": sums_without_inputs,
}


@cache
def largest_errors() -> dict[str, float]:
    """Return how far simulated variances are from the formula, at most, as shares of it.

    One example of 32 inputs and 8 units, over `RATES` and 16,384 masks of each kind; `connected`
    and `dropped` are the mean absolute correlations of two units' noise at rate 1/2.
    """
    from mlplab.engine.noise import realised_rate

    draws = philox(0, "pre-activations under noise")
    weights, x = (draws.standard_normal((n, N_INPUTS)) for n in (N_UNITS, 1))
    found = {}
    for name, sums in SIMULATED.items():
        errors = []
        for rate in RATES:
            known = variance(weights, x, realised_rate(rate))
            errors.append(np.abs(sums(weights, x, rate, N_MASKS).var(0) / known - 1).max())
        found[name] = float(max(errors))
    for name, key in (("weights", "connected"), ("inputs", "dropped")):
        correlations = np.asarray(np.corrcoef(SIMULATED[name](weights, x, 0.5, N_MASKS)[:, 0].T))
        found[key] = float(np.abs(correlations[np.triu_indices(N_UNITS, 1)]).mean())
    return found
