"""Whether a device trains to the CPU's weights and metrics, word by word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from mlplab.bench.gpu.words import Population
from mlplab.data import Task
from mlplab.engine import Ended, train
from mlplab.engine.environment import environment
from mlplab.specs import Run

TOLERANCES = {"float64": 1e-10, "float32": 1e-4}
"""Of relative differences. By the first the arithmetic is the same, and what float32 adds is
rounding. Two kernels of one CPU differ by up to 1.1e-14 and 4.9e-6, `training/rewind` most."""

Trains = Callable[[Sequence[Run], Task, str], Mapping[str, Ended]]


@dataclass(frozen=True)
class Agreement:
    """The largest relative differences of a word's weights and metrics, and whether they pass.

    Attributes:
        problem: what failed while it trained, if anything did.
    """

    word: str
    dtype: str
    graphs: bool
    weights: float
    metrics: float
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether both are within the tolerance; what is not a number is not."""
        most = TOLERANCES[self.dtype]
        return not self.problem and self.weights <= most and self.metrics <= most


def trained(runs: Sequence[Run], task: Task, device: str) -> Mapping[str, Ended]:
    """Train runs on a device; what ended, by key."""
    events = train(runs, task, device=device, keep_weights=True)
    return {event.outcome.key: event for event in events if isinstance(event, Ended)}


def agreement(
    of: Population, dtype: str, device: str, graphs: bool = False, trains: Trains = trained
) -> Agreement:
    """Compare the population of a word on a device with the CPU's."""
    try:
        with surroundings(graphs=False):
            wanted = trains(of.runs, of.task, "cpu")
        with surroundings(graphs=graphs):
            got = trains(of.runs, of.task, device)
        pairs = [(wanted[key], got[key]) for key in wanted]
        weights = max(_weights(*pair) for pair in pairs)
        metrics = max(_metrics(*pair, exact=dtype == "float64") for pair in pairs)
    except Exception as problem:  # whatever it is: the other words go on
        says = f"{type(problem).__name__}: {problem}".splitlines()[0]
        return Agreement(of.name, dtype, graphs, float("nan"), float("nan"), says)
    return Agreement(of.name, dtype, graphs, weights, metrics)


def surroundings(kernels: str = "", graphs: bool = False) -> AbstractContextManager[None]:
    """Set how devices multiply, and whether steps are recorded, inside the block."""
    return environment({"MLPLAB_NUMERICS": kernels, "MLPLAB_GRAPHS": "1" if graphs else ""})


def _weights(wanted: Ended, got: Ended) -> float:
    if wanted.weights is None or got.weights is None:  # of a run that diverged, on both or on one
        return 0.0 if wanted.outcome.status == got.outcome.status else float("inf")
    one, other = load(wanted.weights), load(got.weights)
    return max(_difference(one[name], other[name]) for name in one)


def _metrics(wanted: Ended, got: Ended, exact: bool) -> float:
    # In float32 rounding may move an example over a border, which is no matter of arithmetic.
    names = [name for name in wanted.outcome.history if exact or not name.endswith("accuracy")]
    return max(
        _difference(
            np.asarray(wanted.outcome.history[name], np.float64),
            np.asarray(got.outcome.history[name], np.float64),
        )
        for name in names
    )


def _difference(wanted: NDArray[np.generic], got: NDArray[np.generic]) -> float:
    """The largest difference, relative to the largest of the numbers; same places must be NaN."""
    if wanted.shape != got.shape:
        return float("inf")
    there = ~np.isnan(wanted)
    if (np.isnan(got) == there).any():
        return float("inf")
    a, b = (one[there].astype(np.float64) for one in (wanted, got))
    size = float(np.abs(a).max(initial=0.0))
    apart = float(np.abs(a - b).max(initial=0.0))
    return apart / size if size else apart
