"""Class shares from the confusion matrix of predicted classes: black box shift estimation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import DataError

Floats = NDArray[np.float64]
# Above it, the inverse makes noise of a per cent into shares of no meaning.
_WORST_CONDITION = 1e4


def priors(valid: Floats, ids: NDArray[Any], target: Floats) -> tuple[Floats, Floats]:
    """Return the shares p that solve confusion p = predicted, and their covariance.

    `confusion[k, c]` is the share of the valid rows of class c that are predicted as k, `predicted`
    the shares of predictions among target rows. The variance is that of both, to first order:
    confusion^-1 (V_predicted + sum_c p_c^2 V_c) confusion^-T.

    Args:
        valid: probabilities, (N, C).
        ids: classes of the valid rows, (N,), each present.
        target: probabilities, (M, C).

    Raises:
        DataError: the confusion matrix has no inverse to speak of.
    """
    n_classes = valid.shape[1]
    guesses = valid.argmax(axis=1)
    counts = np.zeros((n_classes, n_classes))
    np.add.at(counts, (guesses, ids), 1)
    rows = counts.sum(axis=0)
    matrix = counts / rows
    predicted = np.bincount(target.argmax(axis=1), minlength=n_classes) / len(target)
    condition = np.linalg.cond(matrix)
    if not condition < _WORST_CONDITION:
        never = np.flatnonzero(counts.sum(axis=1) == 0)
        why = f"; class {never[0]} is never predicted" if len(never) else ""
        raise DataError(
            f"bbse: the confusion matrix cannot be inverted (condition {condition:.2g}){why}; "
            "try method='mlls', which uses the probabilities"
        )
    inverse = np.linalg.inv(matrix)
    shares = inverse @ predicted
    spread = _multinomial(predicted) / len(target)
    for c in range(n_classes):
        spread = spread + shares[c] ** 2 * _multinomial(matrix[:, c]) / rows[c]
    return shares, inverse @ spread @ inverse.T


def _multinomial(shares: Floats) -> Floats:
    return np.diag(shares) - np.outer(shares, shares)
