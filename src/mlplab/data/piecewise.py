"""Piecewise linear encoding: how far each feature fills each bin of the range of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, shown

_MOST_BINS = 256
_ROWS = 4096  # encoded at a time: what is made in passing stays in the cache


def check_bins(n_bins: Any) -> int:
    """Return a number of bins.

    Raises:
        ConfigError: no whole number from 1 to 256.
    """
    if not isinstance(n_bins, int) or isinstance(n_bins, bool) or not 1 <= n_bins <= _MOST_BINS:
        raise ConfigError(
            f"bins: expected a whole number from 1 to {_MOST_BINS}; got {shown(n_bins)}"
        )
    return n_bins


def fill_bins(inputs: npt.NDArray[Any], n_bins: int, low: float, high: float) -> npt.NDArray[Any]:
    """Encode each feature x by bins of one width between `low` and `high`.

    Entry k is `n_bins (x - low) - k (high - low)` cut to [0, high - low], from nothing to a full
    bin; bytes stay bytes. A linear layer makes of it a piecewise linear function of x with its
    bends at the edges.

    Args:
        inputs: (N, I).
        n_bins: K.
        low, high: the range.

    Returns:
        (N, K I): the first bin of every feature, then the second of every feature, and so on.

    Cost: K times the memory of the inputs.

    Source: Gorishniy, Rubachev and Babenko, On embeddings for numerical features, arXiv 2203.05556.

    >>> fill_bins(np.array([[51, 204]], np.uint8), 2, 0, 255).tolist()
    [[102, 255, 0, 153]]
    """
    n, n_features = inputs.shape
    filled = np.empty((n, n_bins, n_features), inputs.dtype)
    wide = np.int32 if inputs.dtype == np.uint8 else inputs.dtype
    span = high - low
    for start in range(0, n, _ROWS):
        some = n_bins * (inputs[start : start + _ROWS].astype(wide) - low)
        for k in range(n_bins):
            filled[start : start + _ROWS, k] = np.clip(some - k * span, 0, span)
    return filled.reshape(n, n_bins * n_features)
