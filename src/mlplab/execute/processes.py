"""Worker processes: one thread each, a chunk at a time, over one copy of the data."""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlplab.data import Task
from mlplab.engine.events import Checkpointed, Ended, Event
from mlplab.errors import DataError, WorkerError
from mlplab.execute.brought import HERE
from mlplab.execute.chunks import Chunk
from mlplab.execute.frames import receive, send, skip_to_talk
from mlplab.execute.start import Process, starter
from mlplab.execute.worker import PATIENCE_SECONDS
from mlplab.inside import GUARD
from mlplab.specs import Run

_ASKS_SECONDS = 0.25  # between two questions whether to stop
_IMPORT_SECONDS = 120.0  # for a user's module, which this process has imported already
# The system may have ended a worker for want of memory, once; a second time it is the runs.
_TRIES = 2


@dataclass
class _Work:
    """A chunk: runs that have not ended, their latest states, and how often it was given out."""

    runs: dict[str, Run]
    resume: dict[str, bytes]
    tries: int = 0


class _Worker:
    """One process, the chunk it works on, and the module of a user's that it imports."""

    def __init__(self, process: Process, inbox: queue.Queue[tuple[_Worker, str, Any]]) -> None:
        self.work: _Work | None = None
        self.imports: str | None = None
        self.imports_since = 0.0
        self.process = process
        self._ear = threading.Thread(target=self._listen, args=(inbox,), daemon=True)
        self._ear.start()

    def _listen(self, inbox: queue.Queue[tuple[_Worker, str, Any]]) -> None:
        assert self.process.stdout is not None
        try:
            skip_to_talk(self.process.stdout)
            while True:
                inbox.put((self, *receive(self.process.stdout)))
        except (EOFError, ValueError, OSError):
            inbox.put((self, "gone", self._end(PATIENCE_SECONDS)))
        except Exception as problem:  # a message that cannot be unpickled here
            says = f"a worker failed: {type(problem).__name__}: {problem}"
            inbox.put((self, "error", WorkerError(says)))

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

    def note_import(self, module: str | None) -> None:
        """Note what the worker imports now."""
        self.imports, self.imports_since = module, time.monotonic()

    def leave(self, deadline: float) -> None:
        """Wait for the end of the process, and of what it had to say."""
        self._end(max(0.0, deadline - time.monotonic()))
        self._ear.join(1.0)
        if self._ear.is_alive():  # a user's own process holds the other end: no end will come
            return
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()

    def _end(self, seconds: float) -> int:
        """Return how the process ended; one that does not is ended."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def in_processes(
    chunks: list[Chunk],
    task: Task,
    workers: int,
    resume: Mapping[str, bytes],
    brought: bytes,
    options: Mapping[str, Any],
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Yield the events of all chunks, as the workers send them.

    A worker that dies (out of memory, say) is replaced once for what it had not finished.

    Args:
        chunks: the work.
        task: the data, shared with the workers as files.
        workers: at most so many processes.
        resume: checkpoints by run key.
        brought: what `pack` made of the user's metrics and plug-ins.
        options: of `engine.train`.
        stop: asked a few times a second; once true, workers leave checkpoints and end.

    Raises:
        WorkerError: a chunk failed twice, or a user's module cannot be imported.
        MlplabError: what a worker said of the user's settings.
    """
    todo: deque[_Work] = deque()
    for chunk in chunks:
        runs = {run.key: run for run in chunk.runs}
        todo.append(_Work(runs, {key: resume[key] for key in runs if key in resume}))
    inbox: queue.Queue[tuple[_Worker, str, Any]] = queue.Queue()
    crew: list[_Worker] = []
    with shared(task) as handle, starter() as start:
        hello = {**options, "task": handle, "brought": brought}

        def hire() -> None:
            worker = _Worker(start(), inbox)
            crew.append(worker)
            worker.tell("hello", hello)
            worker.give(todo.popleft())

        try:
            while todo and len(crew) < workers:
                hire()
            while any(worker.work is not None for worker in crew) and not stop():
                try:
                    worker, kind, content = inbox.get(
                        timeout=min(_ASKS_SECONDS, _seconds_left(crew) or _ASKS_SECONDS)
                    )
                except queue.Empty:
                    continue
                if kind == "event":
                    _note(worker, content)
                    yield content
                elif kind == "idle":
                    worker.work = None
                    if todo:
                        worker.give(todo.popleft())
                elif kind == "importing":
                    worker.note_import(content)
                elif kind == "ready":
                    worker.note_import(None)
                elif kind == "error":
                    raise content
                elif kind == "gone":
                    crew.remove(worker)
                    worker.leave(time.monotonic())
                    _take_back(worker, todo, content)
                    if todo:
                        hire()
        finally:
            yield from _dismiss(crew, inbox)


@contextlib.contextmanager
def shared(task: Task) -> Iterator[dict[str, Any]]:
    """Keep a task's arrays in temporary files, for workers to map.

    Raises:
        WorkerError: there is no room for them.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="mlplab-", ignore_cleanup_errors=True)
            )
            handle = task.share(folder)
        except (OSError, DataError) as problem:
            raise WorkerError(
                f"no temporary files for worker processes ({problem}): TMPDIR names a folder for "
                f"them; {HERE}"
            ) from None
        yield handle


def _note(worker: _Worker, event: Event) -> None:
    work = worker.work
    if work is not None and isinstance(event, Ended):
        work.runs.pop(event.outcome.key, None)
        work.resume.pop(event.outcome.key, None)
    elif work is not None and isinstance(event, Checkpointed):
        work.resume[event.key] = event.blob


def _seconds_left(crew: list[_Worker]) -> float | None:
    """Return how long an import may still take, None if none is going on."""
    importing = [worker for worker in crew if worker.imports]
    if not importing:
        return None
    first = min(importing, key=lambda worker: worker.imports_since)
    left = first.imports_since + _IMPORT_SECONDS - time.monotonic()
    if left > 0:
        return left
    raise WorkerError(
        f"a worker process still imports {first.imports!r} after {_IMPORT_SECONDS:g} s: "
        f"{GUARD}; {HERE}"
    )


def _take_back(worker: _Worker, todo: deque[_Work], code: int) -> None:
    """Put what a dead worker had not finished back to the front."""
    work, worker.work = worker.work, None
    if work is None or not work.runs:
        return
    ended = _describe_end(code)
    if worker.imports and (code >= 0 or work.tries >= _TRIES):
        raise WorkerError(
            f"a worker process ended while it imported {worker.imports!r} ({ended}): "
            f"{GUARD}; {HERE}"
        )
    if work.tries >= _TRIES:
        raise WorkerError(
            f"a worker process ended twice on the same runs ({ended}); if memory ran "
            "out, use fewer workers (--threads 1); finished runs are kept"
        )
    # To the front: it was among the longest, and its last checkpoints are in memory.
    todo.appendleft(work)


def _describe_end(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"ended by {signal.Signals(-code).name}"
    return f"ended by signal {-code}"


def _dismiss(crew: list[_Worker], inbox: queue.Queue[tuple[_Worker, str, Any]]) -> Iterator[Event]:
    """Send everyone home; workers in the middle of a chunk leave checkpoints first."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for worker in crew:
        worker.tell("bye")
        if worker.imports:
            # An import cannot be asked to stop, and has no checkpoint to leave.
            worker.process.kill()
    for worker in crew:
        worker.leave(deadline)
    # A generator that is being closed may not yield: its last checkpoints are lost.
    if sys.exc_info()[0] is GeneratorExit:
        return
    while True:
        try:
            _, kind, content = inbox.get_nowait()
        except queue.Empty:
            return
        if kind == "event":
            yield content
