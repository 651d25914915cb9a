"""What both kinds of units hand to their compiled loops, and what they note of an epoch."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.divergence import FAR
from mlplab.engine.native.arrays import Arrays
from mlplab.engine.native.job import NEVER
from mlplab.engine.native.settings import is_adam
from mlplab.engine.program import Program
from mlplab.engine.training import Training
from mlplab.specs.keyed import philox_key

Doubles = NDArray[np.float64]
_MOST_BITS = 20


class State(NamedTuple):
    """Weights with biases, and the two arrays of the same shape that an optimiser keeps."""

    p: NDArray[Any]
    first: NDArray[Any]
    second: NDArray[Any]


def fields_of_groups(trainings: Sequence[Training], vectors: Sequence[int]) -> dict[str, Any]:
    """Return the groups of runs with the same batches that these runs stand for.

    Args:
        trainings: one of each group.
        vectors: where those of each group begin, (G + 1,).
    """
    rows = [training.rows for training in trainings]
    return {
        "order_keys": np.array([philox_key(t.run.seed, "order", 1) for t in trainings]),
        "train": np.array([one.train for one in rows], np.int64),
        "valid": np.array([one.valid for one in rows], np.int64),
        "vectors": np.array(vectors, dtype=np.int64),
        "n_groups": len(rows),
        "n_train": len(rows[0].train),
        "n_valid": len(rows[0].valid),
    }


def room_for_order(n: int) -> dict[str, Any]:
    """Make room for an epoch's order of n rows: a count for each value of some upper bits."""
    bits = min(max(1, (n - 1).bit_length()), _MOST_BITS)
    drawn = np.empty((2, n), np.uint64)
    room = {"drawn": drawn[0], "sorted": drawn[1], "order": np.empty(n, np.int64)}
    return {**room, "counts": np.empty(1 << bits, np.int64), "shift": 64 - bits}


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
        self.adam = is_adam(program.optimiser)
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

    def fields(self, epoch: int, n_epochs: int) -> dict[str, Any]:
        """Return what members learn from, and what the epochs from this one on are like."""
        arrays, program = self._arrays, self.program
        return {
            "x": arrays.x,
            "y": arrays.y,
            "example_weights": arrays.weights if len(arrays.weights) else None,
            "test": self._test,
            "n_test": len(self._test),
            "n_inputs": arrays.x.shape[1],
            "n_outputs": program.widths[-1],
            "classes": program.classes,
            "cross_entropy": program.loss == "cross-entropy",
            "adam": self.adam,
            "epoch": epoch,
            "n_epochs": n_epochs,
            "end": self._n_epochs,
            "sizes": self._sizes,
            "n_steps": len(self._sizes),
            "tests": self._tests,
            "test_from": self._test_from,
            "far": FAR,
            "zero_loss": arrays.far,
        }

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
