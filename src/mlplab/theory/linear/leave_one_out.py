"""Cross-validation of ridge without refitting: leave-one-out in closed form, and GCV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import DataError
from mlplab.theory.linear.ridge import ridge_filters
from mlplab.theory.linear.samples import Array, checked_penalties
from mlplab.theory.linear.spectrum import Spectrum, spectrum

# 1 - leverage of a row that the fit goes through: its error without it is not determined.
_LEVERAGE_LEFT = 1e-10


def leave_one_out_errors(
    X: ArrayLike,
    y: ArrayLike,
    penalties: float | Sequence[float] | Array,
    *,
    intercept: bool = False,
) -> Array:
    """Return y_i minus what ridge, fitted to all other rows with the same penalty, says of row i.

    With H the matrix from y to y_hat, the error is (y - H y)_i / (1 - H_ii). The refit has N - 1
    rows and its squared errors are a mean, so H is that of total penalty (N - 1) * penalty:
    exactly N-fold cross-validation. At penalty 0 the refit has the smallest norm. Where the rows
    outnumber the unknowns and one row alone fixes a direction, the error at penalty 0 is NaN.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        penalties: L numbers from 0, as in `ridge_path`.
        intercept: as in `ridge_path`.

    Returns:
        Errors (R, L, N); their mean square over rows is the cross-validated squared error.

    Raises:
        DataError: the arrays do not fit together, hold what is not finite, or have one row.
        ConfigError: a penalty is negative or not finite.

    Cost: one decomposition, then 4 L N min(N, P) flop a run. Source: Hastie, Tibshirani and
    Friedman, The elements of statistical learning (2009), 7.10.1.

    >>> X, y = [[[1.0], [1.0], [1.0]]], [[0.0, 3.0, 6.0]]
    >>> leave_one_out_errors(X, y, 0.0).round(12).tolist()
    [[[-4.5, 0.0, 4.5]]]
    """
    path = checked_penalties("penalties", penalties, "from 0")
    parts = spectrum(X, y, intercept=intercept)
    if parts.n_rows < 2:
        raise DataError("X: expected at least 2 rows to leave one out; got 1")
    return _errors(parts, np.asarray(y, dtype=np.float64), (parts.n_rows - 1) * path)


def _errors(parts: Spectrum, y: Array, totals: Array) -> Array:
    """Divide residuals by what is left of each row, both summed over directions: (R, L, N)."""
    kept = parts.singular > 0
    left = np.where(kept[:, None], parts.left, 0.0)
    along = np.where(kept, parts.along, 0.0)
    n_rows = parts.n_rows
    # What no direction reaches; with as many directions as rows there is nothing outside.
    outside = (parts.rank + parts.intercept < n_rows)[:, None]
    centred = y - parts.target_mean[:, None]
    residual = np.where(outside, centred - (left @ along[..., None])[..., 0], 0.0)
    room = 1 - np.square(left).sum(axis=-1) - (1 / n_rows if parts.intercept else 0.0)
    room = np.where(outside, np.maximum(room, 0.0), 0.0)
    square = np.square(parts.singular)[:, None]
    # Both sums share the factor `total`, which cancels where nothing lies outside.
    lost = np.divide(
        1.0,
        square + totals[:, None],
        out=np.zeros((len(y), len(totals), square.shape[-1])),
        where=kept[:, None],
    )
    factor = np.where(outside[..., None], totals[:, None], 1.0)
    numerator = residual[:, None] + factor * ((lost * along[:, None]) @ left.transpose(0, 2, 1))
    denominator = room[:, None] + factor * (lost @ np.square(left).transpose(0, 2, 1))
    undecided = outside[..., None] & (totals[:, None] == 0) & (denominator < _LEVERAGE_LEFT)
    return np.asarray(numerator / np.where(undecided, np.nan, denominator))


def generalised_cross_validation(
    X: ArrayLike,
    y: ArrayLike,
    penalties: float | Sequence[float] | Array,
    *,
    intercept: bool = False,
) -> Array:
    """Return GCV, mean((y - H y)^2) / (1 - trace(H) / N)^2, for every penalty: (R, L).

    It replaces each row's own 1 - H_ii by their mean, which makes it blind to rotations of the
    rows. Infinite where the fit uses all N degrees of freedom.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        penalties: L numbers from 0, as in `ridge_path`.
        intercept: as in `ridge_path`; it counts in the trace.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: a penalty is negative or not finite.

    Source: Golub, Heath and Wahba, Technometrics 21 (1979).

    >>> X, y = [[[1.0], [1.0], [1.0]]], [[0.0, 3.0, 6.0]]
    >>> generalised_cross_validation(X, y, 0.0).round(12).tolist()
    [[13.5]]
    """
    path = checked_penalties("penalties", penalties, "from 0")
    parts = spectrum(X, y, intercept=intercept)
    filters = ridge_filters(parts, path)
    fitted = (filters * parts.along[:, None]) @ parts.left.transpose(0, 2, 1)
    centred = np.asarray(y, dtype=np.float64) - parts.target_mean[:, None]
    error = np.square(centred[:, None] - fitted).mean(axis=-1)
    room = 1 - (filters.sum(axis=-1) + parts.intercept) / parts.n_rows
    worst = np.full_like(error, np.inf)
    return np.asarray(np.divide(error, room**2, out=worst, where=room > 1e-12))
