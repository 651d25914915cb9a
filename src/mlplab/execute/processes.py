"""Worker processes: one thread each, a chunk at a time, over one copy of the data."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from mlplab.data import Task
from mlplab.engine.events import Checkpointed, Ended, Event
from mlplab.errors import MlplabError
from mlplab.execute.chunks import Chunk
from mlplab.execute.frames import receive, send

_PATIENCE_SECONDS = 5.0  # for last checkpoints, once work is to stop
_TRIES = 2


class WorkerError(MlplabError):
    """A worker process died, or failed in a way that is not the user's mistake."""


class _Worker:
    """One process and the chunk it works on."""

    def __init__(self, number: int, inbox: queue.Queue[tuple[_Worker, str, Any]]) -> None:
        self.number = number
        self.pending: dict[str, Any] = {}
        self.resume: dict[str, bytes] = {}
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        # The package may have been found by other means than an installation.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlplab.execute.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        threading.Thread(target=self._listen, args=(inbox,), daemon=True).start()

    def _listen(self, inbox: queue.Queue[tuple[_Worker, str, Any]]) -> None:
        assert self.process.stdout is not None
        while True:
            try:
                kind, content = receive(self.process.stdout)
            except (EOFError, ValueError, OSError):
                inbox.put((self, "gone", self.process.wait()))
                return
            inbox.put((self, kind, content))

    def tell(self, kind: str, content: Any = None) -> None:
        """Send a message; a worker that is gone is noticed by the listener."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError, OSError):
            send(self.process.stdin, (kind, content))

    def give(self, runs: list[Any], resume: Mapping[str, bytes]) -> None:
        """Hand over a chunk."""
        self.pending = {run.key: run for run in runs}
        self.resume = {key: resume[key] for key in self.pending if key in resume}
        self.tell("chunk", {"runs": runs, "resume": self.resume})


def in_processes(
    chunks: list[Chunk],
    task: Task,
    workers: int,
    resume: Mapping[str, bytes],
    options: Mapping[str, Any],
) -> Iterator[Event]:
    """Yield the events of all chunks, as the workers send them.

    A worker that dies (out of memory, say) is replaced once for what it had not finished.

    Raises:
        WorkerError: a chunk failed twice.
        MlplabError: what a worker said of the user's settings.
    """
    todo = deque((list(chunk.runs), dict(resume), 1) for chunk in chunks)
    inbox: queue.Queue[tuple[_Worker, str, Any]] = queue.Queue()
    crew: list[_Worker] = []
    tries: dict[int, int] = {}
    with tempfile.TemporaryDirectory(prefix="mlplab-") as folder:
        hello = {**options, "task": task.share(folder)}

        def hire() -> None:
            worker = _Worker(len(tries), inbox)
            crew.append(worker)
            worker.tell("hello", hello)
            hand_out(worker)

        def hand_out(worker: _Worker) -> None:
            worker.pending = {}
            if todo:
                runs, states, tries[worker.number] = todo.popleft()
                worker.give(runs, states)

        try:
            for _ in range(min(workers, len(chunks))):
                hire()
            while any(worker.pending for worker in crew):
                worker, kind, content = inbox.get()
                if kind == "event":
                    if isinstance(content, Ended):
                        worker.pending.pop(content.outcome.key, None)
                    elif isinstance(content, Checkpointed):
                        worker.resume[content.key] = content.blob
                    yield content
                elif kind == "idle":
                    hand_out(worker)
                elif kind == "error":
                    raise content
                elif kind == "crash":
                    raise WorkerError(f"a worker failed: {content}")
                elif worker.pending:
                    _take_back(worker, tries, todo, content)
                    crew.remove(worker)
                    hire()
        finally:
            yield from _dismiss(crew, inbox)


def _take_back(worker: _Worker, tries: Mapping[int, int], todo: deque[Any], code: int) -> None:
    n_tries = tries[worker.number]
    if n_tries >= _TRIES:
        raise WorkerError(
            f"a worker process ended twice on the same runs (exit code {code}); if memory ran "
            "out, use fewer workers (--threads 1); finished runs are kept"
        )
    todo.appendleft((list(worker.pending.values()), dict(worker.resume), n_tries + 1))


def _dismiss(crew: list[_Worker], inbox: queue.Queue[tuple[_Worker, str, Any]]) -> Iterator[Event]:
    """Send everyone home; workers in the middle of a chunk leave checkpoints first."""
    for worker in crew:
        worker.tell("bye")
    for worker in crew:
        try:
            worker.process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        assert worker.process.stdin is not None
        with contextlib.suppress(OSError):
            worker.process.stdin.close()
    if sys.exc_info()[0] is GeneratorExit:
        return
    while True:
        try:
            _, kind, content = inbox.get_nowait()
        except queue.Empty:
            return
        if kind == "event":
            yield content
