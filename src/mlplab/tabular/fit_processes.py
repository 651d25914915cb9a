"""Fits in processes of their own, so that one that takes too long can be ended."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

from mlplab.execute import WorkerError
from mlplab.execute.frames import receive, send

Work = tuple[Callable[..., Any], tuple[Any, ...]]
_SECONDS_BETWEEN = 0.2  # between two questions whether to stop
# Ctrl-C reaches the whole terminal; the caller decides what it means.
_START = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from mlplab.tabular.fit_processes import serve
serve()
"""


class _Server:
    """A process that fits one model after the other."""

    def __init__(self, inbox: queue.Queue[tuple[_Server, str, Any]]) -> None:
        self.fold = -1
        # One process a core: threads of their own would fight for the same ones.
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in sys.path)
        self._process = subprocess.Popen(
            # -P: a file of the working directory must not pass for a module of Python's.
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._ear = threading.Thread(target=self._listen, args=(inbox,), daemon=True)
        self._ear.start()

    def _listen(self, inbox: queue.Queue[tuple[_Server, str, Any]]) -> None:
        assert self._process.stdout is not None
        while True:
            try:
                kind, content = receive(self._process.stdout)
            except (EOFError, ValueError, OSError):
                inbox.put((self, "gone", "the process died; perhaps memory was short"))
                return
            inbox.put((self, kind, content))

    def give(self, fold: int, work: Work) -> None:
        """Hand over the fit of a fold; a process that is gone is noticed by the listener."""
        self.fold = fold
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError, OSError):
            send(self._process.stdin, work)

    def end(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        self._process.wait()
        self._ear.join(1.0)
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                assert stream is not None
                stream.close()


class FitProcesses:
    """Processes that fit scikit-learn's models, started with the first; leaving ends them.

    Args:
        threads: processes at a time.
    """

    def __init__(self, threads: int) -> None:
        self._threads = max(1, threads)
        self._inbox: queue.Queue[tuple[_Server, str, Any]] = queue.Queue()
        self._servers: list[_Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        for server in self._servers:
            server.end()

    def run(
        self, work: Callable[[int], Work], n_folds: int, stop: Callable[[], bool]
    ) -> Iterator[tuple[int, Any]]:
        """Yield (fold, model) as fits end.

        Args:
            work: of a fold, the function that fits, of a module, and its arguments.
            n_folds: how many.
            stop: asked a few times a second; once true, nothing more is yielded, and what is not
                finished is of no use any more: the processes are ended.

        Raises:
            WorkerError: a fit failed, or its process died.
        """
        todo = list(range(n_folds))
        while len(self._servers) < min(self._threads, n_folds):
            self._servers.append(_Server(self._inbox))
        busy = 0
        for server in self._servers[:n_folds]:
            self._give(server, todo, work)
            busy += 1
        while busy:
            if stop():
                self.__exit__()
                self._servers.clear()
                self._inbox = queue.Queue()
                return
            try:
                server, kind, content = self._inbox.get(timeout=_SECONDS_BETWEEN)
            except queue.Empty:
                continue
            if kind != "model":
                raise WorkerError(f"a model of scikit-learn: {content}")
            fold = server.fold
            if todo:
                self._give(server, todo, work)
            else:
                busy -= 1
            yield fold, content

    @staticmethod
    def _give(server: _Server, todo: list[int], work: Callable[[int], Work]) -> None:
        fold = todo.pop(0)
        server.give(fold, work(fold))


def serve() -> None:
    """Fit what comes in on standard input until it ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    while True:
        try:
            fit, arguments = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: tuple[str, Any] = ("model", fit(*arguments))
        except Exception as problem:
            answer = ("failed", f"{type(problem).__name__}: {problem}")
        try:
            send(answers, answer)
        except OSError:
            return
