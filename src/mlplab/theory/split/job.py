"""What the processes of a split are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mlplab.data import Task
from mlplab.specs import Run
from mlplab.theory.split.division import Way


@dataclass(frozen=True)
class Job:
    """What all processes of a split are told.

    Attributes:
        run: what is trained.
        way: how it is split.
        n_processes: among how many.
        n_steps: after how many steps it ends, those before a checkpoint included.
        n_parts: of a batch, in a pipeline.
        device: "cpu" or "cuda".
        keep: folder of the checkpoints; None keeps none.
        keep_every: steps from one checkpoint to the next.
        resume: the checkpoint to go on from.
        losses: of the steps before it.
    """

    run: Run
    way: Way
    n_processes: int
    n_steps: int
    n_parts: int
    device: str = "cpu"
    keep: Path | None = None
    keep_every: int = 0
    resume: Path | None = None
    losses: list[float] = field(default_factory=list)


def widths_of(run: Run, task: Task) -> list[int]:
    """Return the widths from the features to the outputs, (L + 1,)."""
    return [run.mlp.inputs or task.n_features, *run.mlp.hidden, task.n_outputs]
