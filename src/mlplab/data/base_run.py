"""The run that trains on a task where nothing is said of it."""

from __future__ import annotations

import math

import numpy as np

from mlplab.data.task import Task
from mlplab.specs import MLP, Adam, Fit, Init, Run

_MOST_BATCH, _PARTS = 256, 8
_STEPS, _LEAST_EPOCHS, _MOST_EPOCHS = 1000, 10, 100
_LOOKED_AT = 10_000  # rows are enough to tell a scale


def base_for(task: Task) -> Run:
    """Return the data set's own base run, or else one that suits its size and scale.

    Batches are never larger than the rows that train. Without a base of its own, a task gets at
    least eight steps per epoch and about a thousand in all, by Adam, whose steps, like the first
    weights, grow with the root of (size of the targets / size of the inputs): a network of one
    hidden layer then learns the same in any unit.

    >>> from mlplab.data import load_task, task_from_arrays
    >>> base_for(load_task("spirals", n_train=10)).fit.batch_size
    10
    >>> own = base_for(task_from_arrays([[0.0], [1.0]] * 20, ["no", "yes"] * 20))
    >>> own.fit.batch_size, own.fit.epochs, own.optim.lr
    (4, 100, 0.01)
    """
    n_rows = max(1, task.n_pool - task.n_valid)
    if task.base is None:
        return _by_size_and_scale(task, n_rows)
    batch_size = min(task.base.fit.batch_size, n_rows)
    return task.base.with_value("fit.batch_size", batch_size)


def _by_size_and_scale(task: Task, n_rows: int) -> Run:
    batch_size = min(_MOST_BATCH, 2 ** max(0, int(math.log2(n_rows / _PARTS))))
    epochs = math.ceil(_STEPS / (n_rows // batch_size))
    factor = _scale(task)
    return Run(
        net=MLP(init=Init(scale=factor)),
        optim=Adam(lr=_short(0.01 * factor)),
        fit=Fit(epochs=min(max(epochs, _LEAST_EPOCHS), _MOST_EPOCHS), batch_size=batch_size),
    )


def _scale(task: Task) -> float:
    """The root of targets over inputs, by size; 1 where they are of one order."""
    rows = task.pool[:_LOOKED_AT]
    inputs = _size(task.inputs[rows]) * abs(task.input_scale)
    targets = 1.0 if task.kind == "classification" else _size(task.targets[rows])
    factor = math.sqrt(targets / inputs) if targets and inputs else 1.0
    # Data of one order keep the usual settings, and with them the keys of stored runs.
    return 1.0 if 0.3 <= factor <= 3 else _short(factor)


def _size(values: np.typing.NDArray[np.generic]) -> float:
    return math.sqrt(float(np.square(values, dtype=np.float64).mean()))


def _short(value: float) -> float:
    """A number of one digit: no single row decides it."""
    return float(f"{value:.0e}")
