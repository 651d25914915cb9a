"""What Ray's workers do: train the runs of a chunk, and send back what happens in batches."""

from __future__ import annotations

import time
import traceback
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplab.data import Task
from mlplab.engine import provenance
from mlplab.engine.events import Checkpointed, Ended, Event, Joined, Progressed
from mlplab.errors import MlplabError, WorkerError
from mlplab.execute.brought import describe, unpack
from mlplab.execute.executor import Job
from mlplab.execute.local import Local
from mlplab.inside import unmark
from mlplab.specs import Run
from mlplab.specs.columns import Population
from mlplab.specs.plugins import install_plugins

_SECONDS_BETWEEN = 0.1  # an object of Ray's for each event would cost a millisecond a run
_MOST_TOGETHER = 500
_MOST_BYTES = 8 * 2**20

States = Mapping[str, tuple[str, bytes]]
"""Run key -> the provenance whose bits a checkpoint goes on with, and the checkpoint."""


@dataclass(frozen=True)
class Chunk:
    """Runs for one worker, and how it trains them; Ray sends it as it is."""

    runs: Sequence[Run]
    states: States
    brought: bytes
    options: Mapping[str, Any]
    cores: int
    device: str


def train_chunk(task: Task, chunk: Chunk) -> Generator[list[Event] | MlplabError]:
    """Yield batches of events; an error, if there is one, is the last that comes.

    Args:
        task: the data, which Ray keeps once on each machine.
        chunk: what to train.
    """
    try:
        yield from _batches(_train(task, chunk))
    except MlplabError as problem:
        yield type(problem)(str(problem))
    except BaseException as problem:
        error = WorkerError(f"a worker failed: {describe(problem)}")
        error.add_note("in the worker:\n" + "".join(traceback.format_exception(problem)))
        yield error
    finally:
        unmark()  # the process goes on to whatever else it is given


def _train(task: Task, chunk: Chunk) -> Generator[Event]:
    brought = unpack(chunk.brought, lambda module: None)
    if chunk.cores > 1:
        unmark()  # a worker that has several cores may start workers of its own
    install_plugins(brought["plugins"])
    here = provenance(chunk.device)
    yield Joined(here)
    states = {key: blob for key, (origin, blob) in chunk.states.items() if origin == here.id}
    runs = Population.of(chunk.runs)
    job = Job(runs, task, brought["measures"], states, **chunk.options)
    yield from Local(chunk.cores, chunk.device).train(job)


def _batches(events: Generator[Event]) -> Generator[list[Event]]:
    """Gather events; the run-epochs of a batch are added up."""
    batch: list[Event] = []
    epochs, n_bytes, since = 0.0, 0, time.monotonic()
    for event in events:
        if isinstance(event, Progressed):
            epochs += event.run_epochs
        else:
            batch.append(event)
            n_bytes += _size(event)
        late = time.monotonic() - since > _SECONDS_BETWEEN
        if late or len(batch) >= _MOST_TOGETHER or n_bytes > _MOST_BYTES:
            yield [*batch, Progressed(epochs)]
            batch, epochs, n_bytes, since = [], 0.0, 0, time.monotonic()
    yield [*batch, Progressed(epochs)]


def _size(event: Event) -> int:
    if isinstance(event, Checkpointed):
        return len(event.blob)
    return len(event.weights or b"") if isinstance(event, Ended) else 0
