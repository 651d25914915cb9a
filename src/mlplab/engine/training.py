"""One run on its way: what it has seen, what was measured, and its state when it is not in a slot."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mlplab.data import Split, Task
from mlplab.engine.program import Program, program_of
from mlplab.errors import StoreError
from mlplab.specs import Outcome, Rows, Run, canonical_json
from mlplab.specs.outcome import Status


_FAR = 1000.0


class Splits:
    """The training and validation rows of a task's runs, drawn once per seed and choice of rows."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._drawn: dict[tuple[int, Rows], Split] = {}

    def of(self, run: Run) -> Split:
        """Return a run's rows."""
        at = (run.seed, run.rows)
        if at not in self._drawn:
            self._drawn[at] = self.task.split(run.seed, run.rows)
        return self._drawn[at]


@dataclass
class Training:
    """A run between its first and its last step."""

    run: Run
    key: str
    program: Program
    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    batches: str
    """Runs with equal `batches` and epoch see the same examples at the same time."""
    epoch: int = 0
    step: int = 0
    sums: tuple[float, float, float] = (0.0, 0.0, 0.0)
    first_loss: float = math.nan
    history: dict[str, list[float]] = field(default_factory=dict)
    correct: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    status: Status | None = None
    diverged_epoch: int | None = None
    state: dict[str, Tensor] | None = None

    @classmethod
    def begin(cls, run: Run, splits: Splits) -> Training:
        """Look up a run's rows and compile its program."""
        task, split = splits.task, splits.of(run)
        return cls(
            run=run,
            key=run.key,
            program=program_of(run, task, len(split.train)),
            train=split.train,
            valid=split.valid,
            batches=canonical_json([run.seed, run.rows, task.valid]),
        )

    def record(self, metrics: dict[str, float]) -> None:
        """Add an epoch's metrics."""
        for name, value in metrics.items():
            self.history.setdefault(name, []).append(value)

    def has_diverged(self, loss: float) -> bool:
        """Say whether an epoch's mean training loss is not finite, or far above the first batch's.

        Far is a factor of 1000: a rate of a million may leave a dead network with finite weights
        and a loss of 400,000, and nobody would call that trained.
        """
        return not math.isfinite(loss) or (self.first_loss > 0 and loss > _FAR * self.first_loss)

    def outcome(self, provenance: str) -> Outcome:
        """Return what came of the run."""
        assert self.status is not None
        return Outcome(
            key=self.key,
            provenance=provenance,
            status=self.status,
            epochs=self.epoch,
            history={name: tuple(values) for name, values in self.history.items()},
            seconds=self.seconds,
            n_params=self.program.n_params,
            diverged_epoch=self.diverged_epoch,
            correct=dict(self.correct),
        )

    def freeze(self, state: dict[str, Tensor]) -> bytes:
        """Write the run's state as safetensors bytes, from which `thaw` goes on to the same bits."""
        from safetensors.torch import save

        note = {
            "epoch": self.epoch,
            "step": self.step,
            "sums": [value.hex() for value in self.sums],
            "history": {k: [v.hex() for v in values] for k, values in self.history.items()},
            "seconds": self.seconds,
            "first_loss": self.first_loss.hex(),
        }
        tensors = {name: tensor.cpu().contiguous() for name, tensor in state.items()}
        return bytes(save(tensors, {"training": json.dumps(note)}))

    def thaw(self, blob: bytes) -> None:
        """Take up the state that `freeze` wrote.

        Raises:
            StoreError: the bytes are not such a state.
        """
        from safetensors.torch import load

        try:
            size = int.from_bytes(blob[:8], "little")
            note: dict[str, Any] = json.loads(blob[8 : 8 + size])["__metadata__"]
            note = json.loads(note["training"])
            state = load(blob)
        except Exception as problem:
            raise StoreError(f"checkpoint of run {self.key}: cannot be read ({problem})") from None
        self.epoch, self.step = note["epoch"], note["step"]
        self.sums = tuple(float.fromhex(value) for value in note["sums"])  # type: ignore[assignment]
        self.history = {
            name: [float.fromhex(value) for value in values]
            for name, values in note["history"].items()
        }
        self.seconds = note["seconds"]
        self.first_loss = float.fromhex(note["first_loss"])
        self.state = state
