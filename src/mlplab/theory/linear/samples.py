"""The samples of many runs, checked once: inputs (R, N, P) and targets (R, N) in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError, DataError

Array = NDArray[np.float64]


def checked_inputs(X: ArrayLike) -> Array:
    """Return inputs as float64 (R, N, P).

    Raises:
        DataError: not numbers, of another shape, without rows or columns, or not finite.

    >>> checked_inputs([[[1, 2], [3, 4]]]).shape
    (1, 2, 2)
    """
    inputs = _numbers("X", X)
    if inputs.ndim != 3:
        hint = "; for a single run pass X[None]" if inputs.ndim == 2 else ""
        raise DataError(f"X: expected the shape (runs, rows, columns); got {inputs.shape}{hint}")
    if 0 in inputs.shape:
        raise DataError(
            f"X: expected at least one run, one row and one column; got shape {inputs.shape}"
        )
    return inputs


def checked_samples(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Return inputs (R, N, P) and targets (R, N) as float64.

    Raises:
        DataError: not numbers, shapes that do not fit together, nothing in them, or not finite.

    >>> checked_samples([[[1, 2], [3, 4]]], [[0, 1]])[1].dtype
    dtype('float64')
    """
    inputs, targets = checked_inputs(X), _numbers("y", y)
    if targets.shape != inputs.shape[:2]:
        raise DataError(
            f"y: expected the shape {inputs.shape[:2]} (runs, rows) that X has; got {targets.shape}"
        )
    return inputs, targets


def centred(X: Array, y: Array, intercept: bool) -> tuple[Array, Array, Array, Array]:
    """Return inputs and targets less their means, and the means (R, P) and (R,).

    Without an intercept the means are 0 and nothing changes.

    >>> centred(np.array([[[1.0], [3.0]]]), np.array([[2.0, 6.0]]), True)[1].tolist()
    [[-2.0, 2.0]]
    """
    if not intercept:
        return X, y, np.zeros((len(X), X.shape[2])), np.zeros(len(X))
    input_mean, target_mean = X.mean(axis=1), y.mean(axis=1)
    return X - input_mean[:, None], y - target_mean[:, None], input_mean, target_mean


def checked_penalties(name: str, values: float | Sequence[float] | Array, least: str) -> Array:
    """Return a path of penalties as float64 (L,).

    Args:
        name: of the argument, for the message.
        values: one number or several.
        least: `"from 0"`, or `"above 0"` where 0 is refused.

    Raises:
        ConfigError: empty, not finite or out of range; names the first such value.

    >>> checked_penalties("penalties", 0.5, "from 0")
    array([0.5])
    """
    path = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if path.ndim != 1 or not len(path):
        raise ConfigError(f"{name}: expected one number or a list of them; got shape {path.shape}")
    right = np.isfinite(path) & ((path > 0) | ((path == 0) & (least == "from 0")))
    if not right.all():
        raise ConfigError(f"{name}: expected finite numbers {least}; got {path[~right][0]:g}")
    return path


def expect_positive(**numbers: float) -> None:
    """Refuse numbers that are not finite and above 0.

    Raises:
        ConfigError: names the first such number.

    >>> expect_positive(sigma=0.1)
    """
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise ConfigError(f"{name}: expected a finite number above 0; got {number!r}")


def _numbers(name: str, values: ArrayLike) -> Array:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: expected an array of numbers; got {error}") from None
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise DataError(f"{name}: expected finite numbers; got {numbers[place]} at {place}")
    return numbers
