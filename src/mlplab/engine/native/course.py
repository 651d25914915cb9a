"""What both kinds of units hand to their compiled loops, and what they note of an epoch."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.native.arrays import Arrays
from mlplab.engine.native.settings import is_adam
from mlplab.engine.program import Program
from mlplab.engine.training import Training
from mlplab.specs.keyed import philox_key

Doubles = NDArray[np.float64]
SQUARED, CROSS_ENTROPY = 0, 1
SGD, ADAM = 0, 1
NEVER = 2**62


class State(NamedTuple):
    """Weights with biases, and the two arrays of the same shape that an optimiser keeps."""

    p: NDArray[Any]
    first: NDArray[Any]
    second: NDArray[Any]


class Data(NamedTuple):
    """All inputs (N, I), all numbers (N, O) or ids of classes (N, 1), the rows of the test split,
    the examples' weights, (N,) or empty where all count alike, and the `least` sum of a batch's.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    test: NDArray[np.int64]
    weights: NDArray[Any]
    least: Any


class Groups(NamedTuple):
    """Runs with the same batches, group by group: the key of (seed, "order"), (G, 2), the rows
    that train, (G, N), and that validate, (G, M), and where the vectors of each begin, (G + 1,).
    """

    keys: NDArray[np.uint64]
    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    vectors: NDArray[np.int64]


class Course(NamedTuple):
    """The first of these epochs, how many a run has at most, the sizes (S,) of an epoch's batches,
    the numbers of loss and optimiser, from which epoch on the test split is scored (`NEVER`), and
    the loss of outputs that are all 0, see `divergence.has_diverged`.
    """

    epoch: int
    n_epochs: int
    sizes: NDArray[np.int64]
    loss: int
    optimiser: int
    test_from: int
    far: float


def groups_of(trainings: Sequence[Training], vectors: Sequence[int]) -> Groups:
    """Return the groups that these runs stand for, and where the vectors of each begin."""
    return Groups(
        np.array([philox_key(training.run.seed, "order", 1) for training in trainings]),
        np.array([training.rows.train for training in trainings]),
        np.array([training.rows.valid for training in trainings]),
        np.array(vectors, dtype=np.int64),
    )


class Unit(Protocol):
    """Runs that train in one compiled call; None is where one has ended."""

    members: list[Training | None]

    def advance(self, n_epochs: int) -> None:
        """Train all members for some epochs and note what was measured; for any thread."""

    def state(self, member: int) -> dict[str, Tensor]:
        """Return what a member must carry along: weights and the optimiser's own."""

    def weights(self, member: int) -> dict[str, Tensor]:
        """Return a member's weights as `weights.pack_weights` takes them."""


def seated(members: Sequence[Training | None]) -> list[tuple[int, Training]]:
    """Return the members that still train, each with its place."""
    return [(place, training) for place, training in enumerate(members) if training is not None]


class Notebook:
    """What the members of a unit have in common, and how their epochs are noted.

    Args:
        program: what they have in common.
        lead: one of them: they have the same epochs, and as many rows that validate.
        arrays: the task's.
        marks: whether to keep which test examples are right.
    """

    def __init__(self, program: Program, lead: Training, arrays: Arrays, marks: bool) -> None:
        self.program = program
        self._arrays = arrays
        fit = lead.run.fit
        self._sizes = np.array(program.batch_sizes, dtype=np.int64)
        self.optimiser = ADAM if is_adam(program.optimiser) else SGD
        self._squared = program.loss == "squared"
        self._n_epochs = fit.epochs
        self._tests = fit.test != "never"
        self._test_from = {"never": NEVER, "end": fit.epochs - 1, "epoch": 0}[fit.test]
        self._test = arrays.test if self._tests else np.empty(0, np.int64)
        self._n_valid = lead.n_valid
        self.n_marks = len(self._test) if marks and program.classes else 0

    @property
    def n_steps(self) -> int:
        """Steps of an epoch."""
        return len(self._sizes)

    @property
    def data(self) -> Data:
        """What the members learn from."""
        arrays = self._arrays
        least = np.finfo(arrays.weights.dtype).tiny
        return Data(arrays.x, arrays.y, self._test, arrays.weights, least)

    def course(self, epoch: int) -> Course:
        """Return what the epochs from this one on are like."""
        loss = SQUARED if self._squared else CROSS_ENTROPY
        return Course(
            epoch,
            self._n_epochs,
            self._sizes,
            loss,
            self.optimiser,
            self._test_from,
            self._arrays.far,
        )

    def note(
        self,
        trainings: Sequence[Training],
        history: Doubles,
        places: Sequence[int],
        ended: Sequence[int],
        stopped: Sequence[int],
    ) -> None:
        """Add the epochs that runs have trained.

        Args:
            trainings: of the same epoch.
            history: sums of loss, and of hits of classes, on the three splits, (3, 2, E, L).
            places: where in the last dimension each run's are.
            ended: per run, the epoch after which it had diverged, or 0.
            stopped: per run, the epoch after which its patience was over, or 0.
        """
        first, n_epochs = trainings[0].epoch, history.shape[2]
        n_rows = {"train": int(self._sizes.sum()), "valid": self._n_valid, "test": len(self._test)}
        for place, (split, rows) in enumerate(n_rows.items()):
            if not rows:
                continue
            losses = history[place, 0].T[places] / rows
            kinds = {"loss": losses}
            if not self.program.classes:
                kinds["rmse"] = np.sqrt(losses)
            else:
                kinds["accuracy"] = history[place, 1].T[places] / rows
            for name, means in kinds.items():
                means[np.isnan(means)] = np.nan  # of one sign, which a checkpoint does not keep
                if split == "test":
                    ends = [stop - first - 1 if stop else 0 for stop in stopped]
                    last = means[range(len(means)), ends]
                    means[:, : max(0, self._test_from - first)] = np.nan
                for r, (training, values) in enumerate(zip(trainings, means, strict=True)):
                    over = ended[r] or stopped[r]
                    if over:
                        values = values[: over - first]
                    if ended[r] and split != "train":
                        values[-1] = np.nan
                    elif stopped[r] and split == "test":
                        values[-1] = last[r]
                    seen = training.history.setdefault(f"{split}_{name}", array("d"))
                    seen.frombytes(values.tobytes())
        for training, end, stop in zip(trainings, ended, stopped, strict=True):
            training.epoch = end or stop or first + n_epochs
            if end:
                training.status, training.diverged_epoch = "diverged", end
            elif stop or training.epoch == training.run.fit.epochs:
                training.status = "finished"
                if training.best:
                    training.move_to_best([n for n in training.history if n.startswith("test_")])

    def mark(self, training: Training, marks: NDArray[np.uint8]) -> None:
        """Keep which test examples a finished run has right."""
        if self.n_marks and training.status == "finished":
            training.correct["test"] = np.packbits(marks).tobytes()
