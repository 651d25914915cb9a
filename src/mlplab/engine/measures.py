"""A user's own metrics, by name: functions of targets and outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError

Measure = Callable[[NDArray[Any], NDArray[Any]], float]

BUILT_IN = ("grad_norm",)
_MEASURES: dict[str, Measure] = {}


def metric(name: str) -> Callable[[Measure], Measure]:
    """Register a function of (targets, outputs) as a metric that `Fit.measures` can name.

    Targets are class ids (N,) or numbers (N, O); outputs are logits (N, C) or numbers (N, O). The
    frame then has the columns `valid_NAME` and `test_NAME`. Worker processes get the function by
    pickling, so define it at the top of a module.

    >>> @metric("largest_error")
    ... def largest_error(targets, outputs):
    ...     return float(abs(targets - outputs).max())
    """

    def register(function: Measure) -> Measure:
        if not name.isidentifier() or name in BUILT_IN:
            raise ConfigError(f"metric: expected a new name of letters and digits; got {name!r}")
        _MEASURES[name] = function
        return function

    return register


def measures_of(names: tuple[str, ...]) -> dict[str, Measure]:
    """Return the registered functions of these names, without the built-in ones.

    Raises:
        ConfigError: a name is not registered.
    """
    wanted = [name for name in names if name not in BUILT_IN]
    for name in wanted:
        if name not in _MEASURES:
            known = ", ".join((*BUILT_IN, *_MEASURES))
            raise ConfigError(f"fit.measures: no metric {name!r}; known: {known}")
    return {name: _MEASURES[name] for name in wanted}


def evaluate(measure: Measure, targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Apply a user's metric; outputs that are not finite give NaN rather than an error."""
    if not np.isfinite(outputs).all():
        return float("nan")
    return float(measure(targets, outputs))
