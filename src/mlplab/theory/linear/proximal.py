"""The lasso by full-batch steps: subgradient, proximal (soft threshold), accelerated proximal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.samples import Array, centred, checked_penalties, checked_samples

Method = Literal["subgradient", "proximal", "accelerated"]


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a descent ended, and the way there.

    Attributes:
        models: the last weights (R, P) and intercepts (R,).
        objective: before the first step and after each, (R, T + 1).
        zeros: weights that are exactly 0, likewise, (R, T + 1).
    """

    models: LinearModels
    objective: Array
    zeros: Array


def soft_threshold(values: Array, threshold: float | Array) -> Array:
    """Return sign(v) max(|v| - threshold, 0), the proximal map of threshold * |v|.

    >>> soft_threshold(np.array([-3.0, 0.5, 2.0]), 1.0).tolist()
    [-2.0, 0.0, 1.0]
    """
    return np.asarray(np.sign(values) * np.maximum(np.abs(values) - threshold, 0.0))


def largest_lasso_rate(X: ArrayLike, y: ArrayLike, *, intercept: bool = False) -> Array:
    """Return N / s_max^2 of each run, with which proximal steps never raise the objective: (R,).

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        intercept: centre first.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.

    >>> largest_lasso_rate([[[1.0], [1.0]]], [[2.0, 4.0]]).round(12).tolist()
    [1.0]
    """
    inputs, *_ = centred(*checked_samples(X, y), intercept)
    return _largest_rate(inputs)


def descend_lasso(
    X: ArrayLike,
    y: ArrayLike,
    penalty: float,
    *,
    steps: int,
    method: Method = "proximal",
    rate: float | None = None,
    intercept: bool = False,
) -> Descent:
    """Minimise the lasso's objective by `steps` full-batch steps from weights 0.

    With g the gradient of the squares and r the rate:
    subgradient: w <- w - r (g + penalty sign(w)), with sign(0) = 0;
    proximal (ISTA): w <- soft_threshold(w - r g, r penalty);
    accelerated (FISTA): the same, at a point ahead in the direction of the last step.
    The first hovers about 0 at a distance of up to r * penalty; the others reach exact zeros.

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        penalty: l1, from 0.
        steps: T.
        method: one of the three.
        rate: of all runs; by default each run's `largest_lasso_rate`.
        intercept: centre first; the constant is then the best for the weights.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: a penalty, rate, method or number of steps that is out of range.

    Cost: 6 N P flop a run and step. Source: Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009).

    >>> end = descend_lasso([[[1.0, 0.0], [0.0, 1.0]]], [[3.0, 0.5]], 0.5, steps=1)
    >>> end.models.weights.round(12).tolist()
    [[2.0, 0.0]]
    """
    (penalty,) = checked_penalties("penalty", penalty, "from 0").tolist()
    if method not in ("subgradient", "proximal", "accelerated"):
        raise ConfigError(f"method: expected subgradient, proximal or accelerated; got {method!r}")
    if steps < 0:
        raise ConfigError(f"steps: expected a whole number from 0; got {steps!r}")
    if rate is not None and not 0 < rate < np.inf:
        raise ConfigError(f"rate: expected a finite number above 0; got {rate!r}")
    inputs, targets, input_mean, target_mean = centred(*checked_samples(X, y), intercept)
    n_runs, n_rows = targets.shape
    rates = _largest_rate(inputs) if rate is None else np.full(n_runs, rate)
    # Inputs that are all 0 allow any rate, and need none.
    rates = np.where(np.isfinite(rates), rates, 1.0)[:, None]
    objective, zeros = np.empty((n_runs, steps + 1)), np.empty((n_runs, steps + 1))
    w, last, pace = np.zeros_like(input_mean), np.zeros_like(input_mean), 1.0
    for step in range(steps + 1):
        residual = (inputs @ w[..., None])[..., 0] - targets
        squares = np.square(residual).mean(axis=1) / 2
        objective[:, step] = squares + penalty * np.abs(w).sum(axis=1)
        zeros[:, step] = (w == 0).sum(axis=1)
        if step == steps:
            break
        at = w
        if method == "accelerated":
            faster = (1 + (1 + 4 * pace**2) ** 0.5) / 2
            at = w + (pace - 1) / faster * (w - last)
            pace = faster
            residual = (inputs @ at[..., None])[..., 0] - targets
        slope = (residual[:, None] @ inputs)[:, 0] / n_rows
        last = w
        if method == "subgradient":
            w = w - rates * (slope + penalty * np.sign(w))
        else:
            w = soft_threshold(at - rates * slope, rates * penalty)
    models = LinearModels(w, target_mean - (input_mean * w).sum(axis=1))
    return Descent(models, objective, zeros)


def _largest_rate(inputs: Array) -> Array:
    top = np.linalg.norm(inputs, 2, axis=(1, 2))
    with np.errstate(divide="ignore"):
        return np.asarray(inputs.shape[1] / top**2)
