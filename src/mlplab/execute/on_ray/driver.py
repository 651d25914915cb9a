"""The driver of a Ray cluster: hands out chunks, and yields what comes back from them."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from mlplab.data import Task
from mlplab.engine import provenance
from mlplab.engine.events import Checkpointed, Ended, Event, Joined
from mlplab.errors import MlplabError, WorkerError
from mlplab.execute.brought import not_importable, pack, plugins_of
from mlplab.execute.chunks import Chunk
from mlplab.execute.executor import Job, Portions
from mlplab.execute.local import default_workers
from mlplab.execute.on_ray.connect import connect, places
from mlplab.execute.on_ray.program import Chunk as Order
from mlplab.execute.on_ray.program import train_chunk
from mlplab.execute.portions import portion, summed
from mlplab.specs import Run
from mlplab.specs.clusters import Ray

# A worker is there already, so that a chunk may be short; more of them even out the end.
CHUNK_SECONDS = 10.0
CHUNKS_PER_PLACE = 8
_WAIT_SECONDS = 1.0  # so that Ctrl-C is answered
_BATCHES_AHEAD = 16  # that a worker may be ahead of this process: its memory is bounded
_TRIES = 2  # as for worker processes


@dataclass
class _Work:
    """A chunk: runs that have not ended, their latest states, and how often it was given out."""

    runs: dict[str, Run]
    states: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tries: int = 0
    origin: str = ""


@final
@dataclass(frozen=True)
class OnRay:
    """A Ray cluster, or a Ray of this machine's own.

    Attributes:
        settings: address, cores and GPUs of a program.
        at_once: programs that train at a time, at most.
    """

    settings: Ray = field(default_factory=Ray)
    at_once: int | None = None

    def train(self, job: Job) -> Generator[Event]:
        """Give chunks to Ray's workers and yield what happens there.

        Closing the generator ends the workers' programs. A Ray that was started for this stays up
        as long as this process does, so that the next job starts at once.

        Raises:
            ConfigError: Ray is not installed, there is no such cluster, or workers cannot import
                what a user brought.
            WorkerError: a worker was lost twice on the same runs.
        """
        brought = pack({"measures": job.measures, "plugins": plugins_of(job.specs)})
        if brought is None:
            raise not_importable("ray", "workers")
        ray = connect(self.settings, self._cores())
        n_places = min(places(ray, self.settings), self.at_once or 2**31)
        chunks = self.chunks(job.runs, job.task, n_places)
        yield from _Drive(self.settings, job, ray, brought).run(chunks, n_places)

    def portions(self, runs: Sequence[Run], task: Task) -> Portions:
        """Return how these runs would be portioned out; nothing runs, and no cluster is asked.

        As many programs train at a time as were asked for, or as fit on this machine.
        """
        n_places = self.at_once or max(1, default_workers() // self.settings.cpus)
        return summed(self.chunks(runs, task, n_places), self.settings, n_places)

    def chunks(self, runs: Sequence[Run], task: Task, n_places: int) -> list[Chunk]:
        """Return the runs of each chunk, the longest first."""
        return portion(
            runs,
            task,
            most=CHUNKS_PER_PLACE * n_places,
            seconds=CHUNK_SECONDS,
            cores=self.settings.cpus,
            workers=n_places,
        )

    def _cores(self) -> int:
        return max(default_workers(), self.at_once or 1)


class _Drive:
    """One call's work: the chunks that wait, and those that workers have."""

    def __init__(self, settings: Ray, job: Job, ray: Any, brought: bytes) -> None:
        self._job, self._ray, self._brought = job, ray, brought
        self._cores, self._device = settings.cpus, settings.device
        self._here = provenance().id
        self._origins: set[str] = set()
        self._task = ray.put(job.task)
        self._remote = ray.remote(train_chunk).options(
            num_cpus=settings.cpus,
            num_gpus=settings.gpus,
            num_returns="streaming",
            max_retries=0,  # with what has not ended, and from its checkpoints: see `_take_back`
            _generator_backpressure_num_objects=_BATCHES_AHEAD,
        )
        self._todo: deque[_Work] = deque()
        self._running: dict[Any, _Work] = {}

    def run(self, chunks: Sequence[Chunk], n_places: int) -> Generator[Event]:
        """Yield the events of all chunks."""
        for chunk in chunks:
            self._todo.append(_Work({run.key: run for run in chunk.runs}))
        try:
            while self._todo or self._running:
                while self._todo and len(self._running) < n_places:
                    self._give(self._todo.popleft())
                waiting = list(self._running)
                ready, _ = self._ray.wait(waiting, num_returns=1, timeout=_WAIT_SECONDS)
                for stream in ready:
                    yield from self._hear(stream)
        finally:
            for stream in self._running:
                with contextlib.suppress(Exception):
                    self._ray.cancel(stream, force=True)

    def _give(self, work: _Work) -> None:
        resume = self._job.resume
        if not work.tries:
            # Not before: those of all chunks together may take as much as the whole cluster.
            work.states = {key: (self._here, resume[key]) for key in work.runs if key in resume}
        work.tries += 1
        order = Order(
            list(work.runs.values()),
            work.states,
            self._brought,
            self._job.options,
            self._cores,
            self._device,
        )
        self._running[self._remote.remote(self._task, order)] = work

    def _hear(self, stream: Any) -> Generator[Event]:
        """Yield what a worker has sent; take its work back if it is lost."""
        work = self._running[stream]
        try:
            batch = self._ray.get(next(stream))
        except StopIteration:
            del self._running[stream]
            if work.runs:
                self._take_back(work, "it ended early")
            return
        except self._ray.exceptions.RayError as problem:
            del self._running[stream]
            self._take_back(work, type(problem).__name__)
            return
        if isinstance(batch, MlplabError):
            raise batch
        for event in batch:
            if isinstance(event, Joined):
                work.origin = event.provenance.id
                if work.origin in self._origins:
                    continue
                self._origins.add(work.origin)
            elif isinstance(event, Ended):
                if work.runs.pop(event.outcome.key, None) is None:
                    continue
                work.states.pop(event.outcome.key, None)
            elif isinstance(event, Checkpointed):
                work.states[event.key] = (work.origin, event.blob)
                if work.origin != self._here:  # the store's are of this machine's kind
                    continue
            yield event

    def _take_back(self, work: _Work, why: str) -> None:
        """Put what a lost worker had not finished to the front.

        Raises:
            WorkerError: it was lost before.
        """
        if not work.runs:
            return
        if work.tries >= _TRIES:
            raise WorkerError(
                f"on ray: a worker was lost twice on the same runs ({why}); if memory ran out, "
                "let fewer train at a time (--threads 1); finished runs are kept"
            )
        self._todo.appendleft(work)
