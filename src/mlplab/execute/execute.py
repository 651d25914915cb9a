"""Training runs wherever it shall be done, and saying what happens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from typing import Protocol

from mlplab.data import Task
from mlplab.engine import Event
from mlplab.engine.measures import Measure, measures_in
from mlplab.errors import ConfigError
from mlplab.execute.executor import Executor, Job
from mlplab.execute.local import Local
from mlplab.inside import refuse_at_import
from mlplab.specs import Run
from mlplab.specs.columns import Population


class Resumable(Protocol):
    """A stored checkpoint: `blob` is what `Checkpointed` held."""

    @property
    def blob(self) -> bytes:
        """Safetensors bytes."""


def execute(
    runs: Sequence[Run],
    task: Task,
    *,
    workers: int | None = None,
    device: str = "cpu",
    executor: Executor | None = None,
    resume: Mapping[str, Resumable] | None = None,
    keep_weights: bool = False,
    keep_correct: bool = False,
    measures: Mapping[str, Measure] | None = None,
    checkpoint_seconds: float = 20.0,
    stop: Callable[[], bool] = lambda: False,
    kept: Callable[[Collection[str]], Collection[str]] = lambda keys: (),
) -> Generator[Event]:
    """Train runs of one task and yield what happens, in this process, in workers or elsewhere.

    The bits are the same everywhere, within one provenance. Closing the generator stops the
    workers.

    Args:
        runs: their task refs must belong to `task`; a run given twice is trained once.
        task: the data.
        workers: processes, or threads for what compiled loops train; None takes
            `default_workers()`, and this process for small jobs; 1 is always this process.
        device: `cpu`; on another device all runs train in this process.
        executor: where to train, in place of this machine's `workers` and `device`.
        resume: checkpoints by run key.
        keep_weights: let `Ended` carry weights.
        keep_correct: keep which test examples each run classifies rightly.
        measures: the user's metrics; default: those registered in this process.
        checkpoint_seconds: time between two checkpoints of a run; the first come sooner.
        stop: asked a few times a second; once true, every run is checkpointed and training ends.
            Programs on a cluster are not stopped.
        kept: which of these keys are known to be kept for good, of runs that are not asked for.

    Raises:
        ConfigError: a run does not fit the task, or a metric is unknown or fails.
        StoreError: a checkpoint cannot be read.
        WorkerError: a worker died twice on the same runs, or cannot import what a user brought;
            or a module that trains is imported by a worker.
    """
    refuse_at_import()
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: expected at least 1; got {workers}")
    runs = Population.of(runs).distinct()
    if not runs:
        return
    job = Job(
        runs,
        task,
        measures=measures_in(runs.used().values(), measures),
        resume=_Blobs(resume or {}),
        keep_weights=keep_weights,
        keep_correct=keep_correct,
        checkpoint_seconds=checkpoint_seconds,
        stop=stop,
        kept=kept,
    )
    yield from (executor or Local(workers, device)).train(job)


class _Blobs(Mapping[str, bytes]):
    """The bytes of checkpoints, each read when it is asked for."""

    def __init__(self, states: Mapping[str, Resumable]) -> None:
        self._states = states

    def __getitem__(self, key: str) -> bytes:
        return self._states[key].blob

    def __contains__(self, key: object) -> bool:
        return key in self._states

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)
