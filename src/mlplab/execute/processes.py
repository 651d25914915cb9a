"""Worker processes: one thread each, a chunk at a time, over one copy of the data."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlplab.data import Task
from mlplab.engine import kernel_kind
from mlplab.engine.events import Checkpointed, Ended, Event
from mlplab.errors import MlplabError
from mlplab.execute.chunks import Chunk
from mlplab.execute.frames import receive, send
from mlplab.specs import Run

_PATIENCE_SECONDS = 5.0  # for last checkpoints, once work is to stop
_TRIES = 2
# Ctrl-C reaches the whole terminal, also while a worker still imports; the caller handles it.
_START = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from mlplab.execute.worker import main
main()
"""


class WorkerError(MlplabError):
    """A worker process died, or failed in a way that is not the user's mistake."""


@dataclass
class _Work:
    """A chunk: runs that have not ended, their latest states, and how often it was given out."""

    runs: dict[str, Run]
    resume: dict[str, bytes]
    tries: int = 0


class _Worker:
    """One process and the chunk it works on."""

    def __init__(self, inbox: queue.Queue[tuple[_Worker, str, Any]]) -> None:
        self.work: _Work | None = None
        self.process = subprocess.Popen(
            # -P: a file of the working directory must not pass for a module of Python's.
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
        )
        self._ear = threading.Thread(target=self._listen, args=(inbox,), daemon=True)
        self._ear.start()

    def _listen(self, inbox: queue.Queue[tuple[_Worker, str, Any]]) -> None:
        assert self.process.stdout is not None
        while True:
            try:
                kind, content = receive(self.process.stdout)
            except (EOFError, ValueError, OSError):
                inbox.put((self, "gone", self.process.wait()))
                return
            except Exception as problem:  # a message that cannot be unpickled here
                inbox.put((self, "crash", f"{type(problem).__name__}: {problem}"))
                continue
            inbox.put((self, kind, content))

    def tell(self, kind: str, content: Any = None) -> None:
        """Send a message; a worker that is gone is noticed by the listener."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError, OSError):
            send(self.process.stdin, (kind, content))

    def give(self, work: _Work) -> None:
        """Hand over a chunk."""
        self.work = work
        work.tries += 1
        self.tell("chunk", {"runs": list(work.runs.values()), "resume": work.resume})

    def leave(self, deadline: float) -> None:
        """Wait for the end of the process, and of what it had to say."""
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._ear.join(1.0)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()


def _environment() -> dict[str, str]:
    """Return what makes a worker find the same modules and compute with the same kernels."""
    made = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    if kernel_kind() == "loop":
        made["MLPLAB_NUMERICS"] = "loop"
    # An empty entry, as interactive sessions have it, is the working directory.
    made["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    return made


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
    todo: deque[_Work] = deque()
    for chunk in chunks:
        runs = {run.key: run for run in chunk.runs}
        todo.append(_Work(runs, {key: resume[key] for key in runs if key in resume}))
    inbox: queue.Queue[tuple[_Worker, str, Any]] = queue.Queue()
    crew: list[_Worker] = []
    with tempfile.TemporaryDirectory(prefix="mlplab-") as folder:
        hello = {**options, "task": task.share(folder)}

        def hire() -> None:
            worker = _Worker(inbox)
            crew.append(worker)
            worker.tell("hello", hello)
            worker.give(todo.popleft())

        try:
            while todo and len(crew) < workers:
                hire()
            while any(worker.work is not None for worker in crew):
                worker, kind, content = inbox.get()
                if kind == "event":
                    _note(worker, content)
                    yield content
                elif kind == "idle":
                    worker.work = None
                    if todo:
                        worker.give(todo.popleft())
                elif kind == "error":
                    raise content
                elif kind == "crash":
                    raise WorkerError(f"a worker failed: {content}")
                elif kind == "gone":
                    crew.remove(worker)
                    worker.leave(time.monotonic())
                    _take_back(worker, todo, content)
                    if todo:
                        hire()
        finally:
            yield from _dismiss(crew, inbox)


def _note(worker: _Worker, event: Event) -> None:
    work = worker.work
    if work is not None and isinstance(event, Ended):
        work.runs.pop(event.outcome.key, None)
        work.resume.pop(event.outcome.key, None)
    elif work is not None and isinstance(event, Checkpointed):
        work.resume[event.key] = event.blob


def _take_back(worker: _Worker, todo: deque[_Work], code: int) -> None:
    """Put what a dead worker had not finished back to the front."""
    work, worker.work = worker.work, None
    if work is None or not work.runs:
        return
    if work.tries >= _TRIES:
        raise WorkerError(
            f"a worker process ended twice on the same runs (exit code {code}); if memory ran "
            "out, use fewer workers (--threads 1); finished runs are kept"
        )
    todo.appendleft(work)


def _dismiss(crew: list[_Worker], inbox: queue.Queue[tuple[_Worker, str, Any]]) -> Iterator[Event]:
    """Send everyone home; workers in the middle of a chunk leave checkpoints first."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for worker in crew:
        worker.tell("bye")
    for worker in crew:
        worker.leave(deadline)
    if sys.exc_info()[0] is GeneratorExit:
        return
    while True:
        try:
            _, kind, content = inbox.get_nowait()
        except queue.Empty:
            return
        if kind == "event":
            yield content
