"""A user's own metrics, by name: functions of targets and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError, users_code
from mlplab.hints import hint
from mlplab.specs.metric_range import declare_range

if TYPE_CHECKING:
    from mlplab.specs import Run

Measure = Callable[[NDArray[Any], NDArray[Any]], float]

GRADIENT = "grad_norm"
BUILT_IN = (GRADIENT,)
PROBED = ("activation_mean", "activation_variance", "dead_share", GRADIENT)
"""What probes record of each hidden layer: names that its number follows, from 1."""
REWINDS = "rewinds"
"""How often a run that may rewind has done so."""
_TAKEN = (*BUILT_IN, REWINDS, "loss", "accuracy", "rmse")
_MEASURES: dict[str, Measure] = {}


def metric(
    name: str, *, low: float | None = None, high: float | None = None
) -> Callable[[Measure], Measure]:
    """Register a function of (targets, outputs) as a metric that `Fit.measures` can name.

    Targets are class ids (N,) or numbers (N, O); outputs are logits (N, C) or numbers (N, O); both
    are read-only: what needs to write works on a copy. The frame then has the columns `valid_NAME`
    and `test_NAME`. The name is part of a run's key, the function's code is not: give a changed
    function a new name, or the store answers with the old one's values. Worker processes get it by
    pickling, so define it at the top of a module.

    Args:
        name: letters, digits and underscores.
        low, high: the least and the largest value that it can have, where there is one: intervals
            that are shown end there.

    >>> @metric("largest_error", low=0)
    ... def largest_error(targets, outputs):
    ...     return float(abs(targets - outputs).max())
    """

    def register(function: Measure) -> Measure:
        if not name.isidentifier() or name in _TAKEN:
            raise ConfigError(
                f"metric: expected a name of letters and digits other than {', '.join(_TAKEN)}; "
                f"got {name!r}"
            )
        declare_range(name, low, high)
        _MEASURES[name] = function
        return function

    return register


def measures_of(
    names: tuple[str, ...], given: Mapping[str, Measure] | None = None
) -> dict[str, Measure]:
    """Return the functions of these names, without the built-in ones.

    Args:
        names: as `Fit.measures` has them.
        given: where to look; default: the functions registered in this process.

    Raises:
        ConfigError: there is no function of that name.
    """
    source = _MEASURES if given is None else given
    wanted = [name for name in names if name not in BUILT_IN]
    for name in wanted:
        if name not in source:
            known = (*BUILT_IN, *source)
            raise ConfigError(f"fit.measures: no metric {name!r}; {hint(name, known)}")
    return {name: source[name] for name in wanted}


def measures_in(
    runs: Iterable[Run], given: Mapping[str, Measure] | None = None
) -> dict[str, Measure]:
    """Return the functions that runs name, as `measures_of` does."""
    names = tuple(sorted({name for run in runs for name in run.fit.measures}))
    return measures_of(names, given)


def evaluate(name: str, measure: Measure, targets: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Apply a user's metric; outputs that are not finite give NaN rather than an error.

    The metric sees read-only copies: nothing that it does reaches another metric or another run.

    Raises:
        ConfigError: the function fails, writes into what it is given, or returns no number.
    """
    # scikit-learn's metrics raise on them, and one diverged run must not end the others.
    if not np.isfinite(outputs).all():
        return float("nan")
    given = _sealed(targets), _sealed(outputs)
    with users_code("metric", name):
        try:
            value = float(measure(*given))
            # The first time only: two calls in every epoch would double a metric's price.
            if id(measure) not in _TRIED:
                _TRIED[id(measure)] = measure
                again = float(measure(*given))
                if again != value and not (again != again and value != value):
                    raise ConfigError(
                        f"metric {name!r}: called twice on the same outputs, it gives {value:.6g} "
                        f"and {again:.6g}; let it draw from a generator that it seeds itself: "
                        "np.random.default_rng(0)"
                    )
        except Exception as problem:
            if any(word in str(problem) for word in _READ_ONLY):
                raise ConfigError(_writes(name)) from problem
            raise
    # torch.from_numpy writes into read-only memory all the same.
    if not (np.array_equal(given[0], targets) and np.array_equal(given[1], outputs)):
        raise ConfigError(_writes(name))
    return value


_TRIED: dict[int, Measure] = {}  # of this process, kept so that no other takes the number
_READ_ONLY = ("read-only", "readonly", "WRITEABLE")  # in what numpy says when asked to write


def _sealed(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that cannot be made writable again: its memory is lent as read-only."""
    return np.asarray(memoryview(array.copy()).toreadonly())  # type: ignore[arg-type]


def _writes(name: str) -> str:
    return (
        f"metric {name!r} writes into the targets or outputs that it is given; let it work on a "
        "copy: outputs = outputs.copy() (or targets = targets.copy()) before it writes"
    )
