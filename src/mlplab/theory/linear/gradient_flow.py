"""Full-batch gradient descent on a linear model, in closed form: early stopping beside ridge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError, DataError
from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.samples import (
    Array,
    checked_inputs,
    checked_penalties,
    checked_samples,
    expect_positive,
)


def descent_path(
    X: ArrayLike,
    y: ArrayLike,
    steps: int | Sequence[int] | Array,
    *,
    rate: float,
    penalty: float = 0.0,
    intercept: bool = False,
    start: ArrayLike | None = None,
) -> LinearModels:
    """Return the weights after each number of steps w <- w - rate * gradient, without stepping.

    The gradient is that of the mean of (y_hat - y)^2 / 2 plus penalty ||w||^2 / 2. From 0 and
    without penalty, the output along a direction of singular value s is the share
    1 - (1 - rate s^2 / N)^t of what least squares gives it. The intercept, like a column of ones
    without penalty, starts at 0 and descends too.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        steps: T numbers of steps from 0, in any order.
        rate: above 0; beyond `largest_stable_rate` the weights grow without bound, here too.
        penalty: l2 of ridge, whose solution is then the limit.
        intercept: whether to fit a constant.
        start: weights to start at, (R, P); by default 0.

    Returns:
        Weights (R, T, P) and intercepts (R, T).

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: a rate, penalty or number of steps that is out of range.

    Cost: one decomposition (of N + P rows with a penalty), then T P min(N, P) flop a run, however
    large the numbers of steps are.

    >>> path = descent_path([[[1.0], [1.0]]], [[2.0, 2.0]], [0, 1, 2], rate=0.5)
    >>> path.weights.round(12).tolist()
    [[[0.0], [1.0], [1.5]]]
    """
    rows, targets = checked_samples(X, y)
    expect_positive(rate=rate)
    (penalty,) = checked_penalties("penalty", penalty, "from 0").tolist()
    times = _checked_steps(steps)
    n_runs, n_rows, n_inputs = rows.shape
    first = np.zeros((n_runs, n_inputs + intercept))
    if start is not None:
        given = np.asarray(start, dtype=np.float64)
        if given.shape != (n_runs, n_inputs) or not np.isfinite(given).all():
            raise DataError(
                f"start: expected finite weights of shape {(n_runs, n_inputs)}; got {given.shape}"
            )
        first[:, :n_inputs] = given
    inputs = _with_ones_and_penalty(rows, penalty, intercept)
    # From a start other than 0 the way is that of the rest of the targets.
    rest = -(inputs @ first[..., None])[..., 0]
    rest[:, :n_rows] += targets
    left, singular, right = np.linalg.svd(inputs, full_matrices=False)
    along = (rest[:, None] @ left)[:, 0]
    shares = descent_filters(np.square(singular) / n_rows, rate=rate, steps=times)
    # share / s tends to 0 with s, as rate * t * s does.
    safe = np.where(singular > 0, singular, np.inf)
    weights = first[:, None] + (shares * (along / safe)[:, None]) @ right
    if intercept:
        return LinearModels(weights[..., :-1], np.ascontiguousarray(weights[..., -1]))
    return LinearModels(weights, np.zeros(weights.shape[:2]))


def descent_filters(curvatures: Array, *, rate: float, steps: int | Sequence[int] | Array) -> Array:
    """Return 1 - (1 - rate h)^t for every curvature h and number of steps t.

    Ridge's h / (h + penalty) runs beside it at penalty 1 / (rate t): for a small rate * h the two
    shares never differ by more than 0.204, which they do at rate * h * t = 2.51.

    Args:
        curvatures: h = s^2 / N, (..., K), not negative.
        rate: of the descent.
        steps: T numbers of steps from 0.

    Returns:
        Shares (..., T, K).

    Raises:
        ConfigError: the rate is not above 0, or a number of steps is not whole or below 0.

    Source: Ali, Kolter and Tibshirani, A continuous-time view of early stopping, AISTATS 2019.

    >>> descent_filters(np.array([1.0, 0.1]), rate=0.5, steps=[1, 2]).round(4).tolist()
    [[0.5, 0.05], [0.75, 0.0975]]
    """
    expect_positive(rate=rate)
    times = _checked_steps(steps)[:, None]
    pace = rate * curvatures[..., None, :]
    slow = pace < 1
    with np.errstate(over="ignore"):
        # A small pace would lose its digits in 1 - pace.
        gentle = -np.expm1(times * np.log1p(-np.where(slow, pace, 0.0)))
        return np.asarray(np.where(slow, gentle, 1 - (1 - np.where(slow, 0.0, pace)) ** times))


def largest_stable_rate(X: ArrayLike, *, penalty: float = 0.0, intercept: bool = False) -> Array:
    """Return 2 / (largest curvature) of each run: from there on descent does not converge: (R,).

    Args:
        X: inputs, (R, N, P).
        penalty: l2.
        intercept: whether a constant descends too.

    Raises:
        DataError: X is not (R, N, P) or holds what is not finite.
        ConfigError: the penalty is negative or not finite.

    >>> largest_stable_rate([[[1.0], [1.0]]]).round(12).tolist()
    [2.0]
    """
    inputs = checked_inputs(X)
    (penalty,) = checked_penalties("penalty", penalty, "from 0").tolist()
    top = np.linalg.norm(_with_ones_and_penalty(inputs, penalty, intercept), 2, axis=(1, 2))
    with np.errstate(divide="ignore"):
        return np.asarray(2 * inputs.shape[1] / top**2)


def matching_penalty(rate: float, steps: float) -> float:
    """Return the l2 whose ridge is like stopping after `steps` steps: 1 / (rate * steps).

    Raises:
        ConfigError: one of the two is not above 0.

    >>> matching_penalty(rate=0.1, steps=100)
    0.1
    """
    expect_positive(rate=rate, steps=steps)
    return 1 / (rate * steps)


def _checked_steps(steps: int | Sequence[int] | Array) -> Array:
    times = checked_penalties("steps", np.asarray(steps, dtype=np.float64), "from 0")
    if (times != np.floor(times)).any():
        wrong = times[times != np.floor(times)][0]
        raise ConfigError(f"steps: expected whole numbers; got {wrong:g}")
    return times


def _with_ones_and_penalty(X: Array, penalty: float, intercept: bool) -> Array:
    """Add the intercept's column, and the rows sqrt(N penalty) I that leave it out."""
    n_runs, n_rows, n_inputs = X.shape
    extra = n_inputs if penalty else 0
    if not extra and not intercept:
        return X
    wider = np.zeros((n_runs, n_rows + extra, n_inputs + intercept))
    wider[:, :n_rows, :n_inputs] = X
    wider[:, :n_rows, n_inputs:] = 1.0
    if extra:
        wider[:, n_rows:, :n_inputs] = (n_rows * penalty) ** 0.5 * np.eye(n_inputs)
    return wider
