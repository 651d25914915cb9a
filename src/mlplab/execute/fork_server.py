"""A fork server: one process imports everything, and its copies work, sharing what it holds.

Importing torch takes a second and 145 MB of a process's own memory. Workers that are forked from
a process which has done so, and has no other thread, start in milliseconds and share those pages.
Only Linux forks safely with the libraries that torch brings; elsewhere each worker imports anew.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import IO, NoReturn

_PATIENCE_SECONDS = 5.0
_MESSAGE = struct.Struct("<cq")  # what, and for which worker
_START, _KILL = b"s", b"k"
_CODE = struct.Struct("<q")  # how a worker ended
# Ctrl-C reaches the whole terminal, also during imports; the caller handles it.
_WORKER = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from {home} import main
main()
"""
_PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from mlplab.execute.fork_server import TRAINING, Program, serve
serve({descriptor}, {program})
"""


@dataclass(frozen=True)
class Program:
    """What a worker does: `main()` of a module, and what a fork server imports before it forks."""

    home: str = "mlplab.execute.worker"
    imports: tuple[str, ...] = ("safetensors.torch", "mlplab.engine", "mlplab.specs.plugins")

    @property
    def text(self) -> str:
        """The program of a worker that imports everything itself."""
        return _WORKER.format(home=self.home)


TRAINING = Program()


def can_fork() -> bool:
    """Tell whether this system forks safely."""
    return sys.platform == "linux"


class Forked:
    """A worker that a fork server has started; like a `subprocess.Popen` with two pipes."""

    def __init__(
        self,
        stdin: IO[bytes],
        stdout: IO[bytes],
        end: socket.socket,
        kill: Callable[[], None],
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.kill = kill
        self._end = end
        weakref.finalize(self, end.close)

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended: its exit code, or a signal's number below 0.

        Raises:
            TimeoutExpired: it goes on.
        """
        if not select.select([self._end], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("worker", timeout or 0.0)
        # Left there for whoever waits at the same time.
        code = self._end.recv(_CODE.size, socket.MSG_PEEK)
        # The server is gone, as when memory ran out, and nobody else knows.
        return int(_CODE.unpack(code)[0]) if code else -signal.SIGKILL


class ForkServer:
    """The caller's side: starts the server and asks it for workers."""

    def __init__(self, environment: dict[str, str], program: Program = TRAINING) -> None:
        self._socket, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._n_started = 0
        with there:
            self._process = subprocess.Popen(
                # -P: a file of the working directory must not pass for a module of Python's.
                [
                    sys.executable,
                    "-P",
                    "-c",
                    _PROGRAM.format(
                        descriptor=there.fileno(),
                        program="TRAINING" if program == TRAINING else repr(program),
                    ),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # a site's own start-up code may print
                env=environment,
                pass_fds=[there.fileno()],
            )

    def start(self) -> Forked:
        """Ask for a worker; it speaks once the server has imported what workers need.

        Raises:
            OSError: the server is gone.
        """
        (its_in, to_it), (from_it, its_out) = os.pipe(), os.pipe()
        end, its_end = socket.socketpair()
        number, self._n_started = self._n_started, self._n_started + 1
        stdin, stdout = os.fdopen(to_it, "wb"), os.fdopen(from_it, "rb")
        try:
            message = _MESSAGE.pack(_START, number)
            socket.send_fds(self._socket, [message], [its_in, its_out, its_end.fileno()])
        except OSError:
            for one in (stdin, stdout, end):
                one.close()
            raise
        finally:
            os.close(its_in)
            os.close(its_out)
            its_end.close()
        return Forked(stdin, stdout, end, lambda: self._kill(number))

    def _kill(self, number: int) -> None:
        # The server knows which of its workers still run: nobody else's process is hit.
        with contextlib.suppress(OSError):
            self._socket.send(_MESSAGE.pack(_KILL, number))

    def close(self) -> None:
        """Let the server end; workers that still run hear it from their own pipes."""
        self._socket.close()
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:  # a site's own start-up code hangs
            self._process.kill()
            self._process.wait()


def serve(descriptor: int, program: Program) -> NoReturn:
    """Import what workers need, then fork one for every request until the caller is gone."""
    for module in program.imports:
        importlib.import_module(module)
    # What is alive now stays: collecting it in a worker would copy its pages for nothing.
    gc.collect()
    gc.freeze()
    _Server(socket.socket(fileno=descriptor), program).run()


@dataclass(frozen=True)
class _Child:
    """A worker's number, and where to say how it ended."""

    number: int
    end: socket.socket


class _Server:
    """The server's side: forks, kills, and tells how workers ended."""

    def __init__(self, caller: socket.socket, program: Program) -> None:
        self._caller = caller
        self._program = program
        self._children: dict[int, _Child] = {}
        # A signal's number is written there: `select` then returns for a worker's end too.
        self._wake, there = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(there, False)
        signal.set_wakeup_fd(there, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _ignore)
        # A site's own start-up code may have started some: copies would wait for their locks.
        self._has_threads = len(os.listdir("/proc/self/task")) > 1

    def run(self) -> NoReturn:
        """Serve until the caller is gone."""
        while True:
            ready, _, _ = select.select([self._caller.fileno(), self._wake], [], [])
            if self._wake in ready:
                os.read(self._wake, 4096)
            for pid, code in _ended():
                with self._children.pop(pid).end as end, contextlib.suppress(OSError):
                    end.send(_CODE.pack(code))
            if self._caller.fileno() in ready:
                self._answer()

    def _answer(self) -> None:
        try:
            message, pipes, _, _ = socket.recv_fds(self._caller, _MESSAGE.size, 3)
        except OSError:
            message = b""
        if not message:  # the caller is gone
            os._exit(0)
        what, number = _MESSAGE.unpack(message)
        if what == _KILL:
            for pid, child in self._children.items():
                if child.number == number:
                    os.kill(pid, signal.SIGKILL)
            return
        stdin, stdout, end = pipes
        pid = os.fork()
        if not pid:
            self._become_worker(stdin, stdout, end)
        self._children[pid] = _Child(number, socket.socket(fileno=end))
        os.close(stdin)
        os.close(stdout)

    def _become_worker(self, stdin: int, stdout: int, end: int) -> NoReturn:
        import numpy as np

        try:
            wake = signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(stdin, 0)
            os.dup2(stdout, 1)
            others = [child.end.fileno() for child in self._children.values()]
            for descriptor in (
                stdin,
                stdout,
                end,
                wake,
                self._wake,
                self._caller.fileno(),
                *others,
            ):
                os.close(descriptor)
            if self._has_threads:
                os.execv(sys.executable, [sys.executable, "-P", "-c", self._program.text])
            # A user's metric may draw from it, and copies would draw the same.
            np.random.seed()  # noqa: NPY002
            importlib.import_module(self._program.home).main()
        finally:
            os._exit(1)


def _ended() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def _ignore(number: int, frame: FrameType | None) -> None:
    """A handler in Python, without which no signal is written to the wake-up pipe."""
