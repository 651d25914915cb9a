"""Predicted memory of a population, by the model that the engine plans with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.engine.footprint import Members, Parts, added_runs, population_parts
from mlplab.engine.memory import element_bytes, runs_of_a_stack, weight_bytes
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.training import SPLITS_KEPT, Splits, Training
from mlplab.errors import ConfigError
from mlplab.specs import Run

MOST_RUNS = 10_000_000
MOST_BATCH = 2**24
PREDICTED_TOGETHER = 4096  # rows at a time; see `engine.weights`
PREDICT_BYTES = 21 * 2**20
"""What a first prediction takes once in a process: the database, kernels; measured on Linux."""
_COUNTED = 4097
"""Runs that are counted one by one: all later ones wait for their turn, each in as many bytes."""


@dataclass(frozen=True)
class DataShape:
    """What a prediction needs to know of the data.

    Attributes:
        n_features, n_outputs: of an example; outputs are classes or numbers.
        n_rows: of the training pool, from which `valid` are held out, a share or a count.
        n_test: rows of the test split.
        kind: `"classification"` or `"regression"`.
    """

    n_features: int
    n_outputs: int
    n_rows: int
    valid: float | int = 0.0
    n_test: int = 0
    kind: Any = "classification"

    def task(self, inputs: NDArray[np.float32] | None = None) -> Task:
        """Return a task of zeros, which take no memory as long as nobody writes to them.

        Args:
            inputs: of all rows, (N, I), in place of zeros.

        Raises:
            ConfigError: no memory holds so many numbers.
        """
        n = self.n_rows + self.n_test
        is_classes = self.kind == "classification"
        try:
            if inputs is None:
                inputs = np.zeros((n, self.n_features), np.float32)
            targets: Any = (
                np.zeros(n, np.int64) if is_classes else np.zeros((n, self.n_outputs), np.float32)
            )
        except (MemoryError, ValueError):
            raise ConfigError(
                f"data: {n:,} rows of {self.n_features:,} features are more than memory holds; "
                "try fewer"
            ) from None
        return Task(
            name="data",
            inputs=inputs,
            targets=targets,
            kind=self.kind,
            pool=np.arange(self.n_rows),
            n_classes=self.n_outputs if is_classes else None,
            valid=self.valid,
            _test=np.arange(self.n_rows, n),
        )


@dataclass(frozen=True)
class PopulationMemory:
    """What a process takes that trains a population, beside itself and the data as they came.

    Attributes:
        parts: bytes at the worst moment of training, by what they are for.
        predict_parts: the same for reading all runs' weights and predicting a batch with each.
        at_a_time: runs that train at a time; the others take turns.
        path: how they train, `"stack"`, `"compiled loops"` or `"module"`.
    """

    parts: Parts
    predict_parts: Parts
    at_a_time: int
    path: str

    @property
    def train_bytes(self) -> int:
        """The sum of the parts."""
        return sum(self.parts.values())

    @property
    def predict_bytes(self) -> int:
        """The sum of the parts of prediction."""
        return sum(self.predict_parts.values())


def population_memory(run: Run, shape: DataShape, n_runs: int = 1) -> PopulationMemory:
    """Predict the memory of runs of seeds 0 to n - 1 in one process; nothing is trained.

    Equals what `Experiment.cost` says of them beside their data.

    Args:
        run: network, optimiser and training.
        shape: of the data.
        n_runs: seeds.

    Raises:
        ConfigError: the run does not fit the data.

    Cost: some milliseconds; tens where thousands train at a time.

    >>> from mlplab.specs import MLP
    >>> run = Run(net=MLP(hidden=(4096,)))
    >>> few = population_memory(run, DataShape(784, 10, n_rows=1000), n_runs=1)
    >>> few.parts["parameters"] > 4 * (785 * 4096 + 4097 * 10)
    True
    """
    return _Described(run, shape).memory(n_runs)


class _Described:
    """A run of described data, whose members are made without their keys."""

    def __init__(self, run: Run, shape: DataShape) -> None:
        self._task = shape.task()
        self._first = Training.begin(run, Splits(self._task))
        self.program = self._first.program

    def memory(self, n_runs: int) -> PopulationMemory:
        counted = min(n_runs, self.most_counted)
        members = self._members(counted)
        found = population_parts([members])
        parts = dict(found.parts)
        parts["runtime"] += added_runs(members, n_runs - counted)
        return PopulationMemory(parts, self._predicting(n_runs), found.at_a_time, self._path())

    @cached_property
    def most_counted(self) -> int:
        """The runs from which on one more waits for its turn: a full stack, and a few for luck."""
        if self.program.native:
            return _COUNTED
        # What is kept of splits and draws, whoever trains, is full after as many seeds.
        return max(runs_of_a_stack(self.program, _COUNTED) + 1, 2 * SPLITS_KEPT)

    def _members(self, n_runs: int) -> Members:
        first = self._first
        # A number for a seed: what is drawn for it is no matter here.
        trainings = [
            replace(first, run=first.run, batches=f"{seed} {first.batches}")
            for seed in range(n_runs)
        ]
        return Members(self.program, trainings, self._task)

    def _path(self) -> str:
        if self.program.native:
            return "compiled loops"
        return "module" if isinstance(self.program, ModuleProgram) else "stack"

    def _predicting(self, n_runs: int) -> Parts:
        program, batch = self.program, self._first.run.fit.batch_size
        size, at_once = element_bytes(program), min(batch, PREDICTED_TOGETHER)
        if isinstance(program, ModuleProgram):
            units, n_features = program.blueprint.kept_per_example, program.n_features
        else:
            # A layer's values go as the next one's are there; the first are a copy of the inputs.
            units = max(i + o for i, o in pairwise(program.widths))
            n_features = program.widths[0]
        return {
            # As they were read, and those of the run that predicts.
            "parameters": (n_runs + 1) * weight_bytes(program),
            "activations": size * at_once * units,
            # Inputs come in float32: a portion is copied before it is converted.
            "data": 4 * (batch + at_once * (size == 8)) * n_features,
            "runtime": PREDICT_BYTES,
        }


def largest_population(run: Run, shape: DataShape, budget_bytes: int) -> int:
    """Return the most runs whose training fits the budget, 0 if none does.

    More runs than train at a time take turns, and cost only what waits: specs and histories.
    """
    described = _Described(run, shape)
    most = described.most_counted
    left = budget_bytes - described.memory(most).train_bytes
    if left >= 0:
        each = described.memory(most + 1).train_bytes - described.memory(most).train_bytes
        return min(MOST_RUNS, most + left // each)
    return _largest(lambda n: described.memory(n).train_bytes <= budget_bytes, most)


def largest_batch(run: Run, shape: DataShape, n_runs: int, budget_bytes: int) -> int:
    """Return the largest batch with which so many runs fit the budget, 0 if none does.

    Rows are as many as the batch needs, if the data have fewer.
    """

    def fits(batch: int) -> bool:
        rows = max(shape.n_rows, 2 * batch if shape.valid else batch)
        wider = replace(shape, n_rows=rows)
        changed = run.replace(fit=run.fit.replace(batch_size=batch))
        return population_memory(changed, wider, n_runs).train_bytes <= budget_bytes

    return _largest(fits, MOST_BATCH)


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """Return the largest number from 1 on that fits, by doubling and halving; 0 if none does."""
    low, high = 0, 1
    while high <= most and fits(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
