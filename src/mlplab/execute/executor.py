"""What all places have in common where runs are computed: a job goes in, events come out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mlplab.data import Task
from mlplab.engine.events import Event
from mlplab.engine.measures import Measure
from mlplab.specs import Run
from mlplab.specs.columns import Population


@dataclass(frozen=True)
class Job:
    """Runs of one task that shall be trained, each once.

    Attributes:
        runs: distinct; their task refs belong to `task`.
        task: the data.
        measures: the user's metrics that the runs name.
        resume: safetensors bytes of checkpoints by run key, read when they are asked for.
        keep_weights: let `Ended` carry weights.
        keep_correct: keep which test examples each run classifies rightly.
        checkpoint_seconds: time between two checkpoints of a run; the first come sooner.
        stop: asked now and then; once true, every run is checkpointed and training ends.
        kept: which of these keys, of runs besides those of the job, are known to be kept for good.
    """

    runs: Population
    task: Task
    measures: Mapping[str, Measure]
    resume: Mapping[str, bytes]
    keep_weights: bool = False
    keep_correct: bool = False
    checkpoint_seconds: float = 20.0
    stop: Callable[[], bool] = lambda: False
    kept: Callable[[Collection[str]], Collection[str]] = lambda keys: ()

    @property
    def specs(self) -> Collection[Run]:
        """One run of each kind: all that runs can differ in but their seeds."""
        return self.runs.used().values()

    @property
    def options(self) -> dict[str, Any]:
        """The settings of `engine.train` that are plain values."""
        return {
            "keep_weights": self.keep_weights,
            "keep_correct": self.keep_correct,
            "checkpoint_seconds": self.checkpoint_seconds,
        }


@dataclass(frozen=True, slots=True)
class Portions:
    """How a job would be portioned out.

    Attributes:
        tasks: pieces of work that a scheduler is given.
        cores: of each.
        gpus: of each.
        seconds: until the last has ended, if as many run at a time as can be foreseen.
        longest_seconds: what the longest is expected to take.
        core_seconds: of all of them together.
    """

    tasks: int
    cores: int
    gpus: int
    seconds: float
    longest_seconds: float
    core_seconds: float


class Executor(Protocol):
    """Somewhere to train: this machine, a Ray cluster, a Slurm allocation."""

    def train(self, job: Job) -> Generator[Event]:
        """Train the runs of a job and yield what happens, in any order; every run ends once.

        The bits are the same everywhere, within one provenance. Closing the generator stops the
        workers.
        """

    def portions(self, runs: Sequence[Run], task: Task) -> Portions:
        """Return how these runs would be portioned out; nothing runs."""
