"""Starting worker processes: forked where that is safe, on their own elsewhere."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

from mlplab.engine import kernel_kind
from mlplab.execute.fork_server import TRAINING, Forked, ForkServer, Program, can_fork
from mlplab.inside import mark

Process = subprocess.Popen[bytes] | Forked


def worker_environment() -> dict[str, str]:
    """Return what makes a worker find the same modules and compute with the same kernels."""
    # Libraries read these as they are loaded: later they would have made their pools already.
    made = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"} | mark()
    if kernel_kind() == "loop":
        # A caller's OpenBLAS may have failed its probe: workers must not choose anew.
        made["MLPLAB_NUMERICS"] = "loop"
    # An empty entry, as interactive sessions have it, is the working directory.
    made["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    return made


@contextlib.contextmanager
def starter(program: Program = TRAINING) -> Iterator[Callable[[], Process]]:
    """Give what starts a worker process: forked where that is safe, on its own elsewhere."""
    environment = worker_environment()
    servers: list[ForkServer] = []

    def fork() -> Process:
        with contextlib.suppress(IndexError, OSError):
            return servers[-1].start()
        # There is none yet, or it was killed.
        servers.append(ForkServer(environment, program))
        return servers[-1].start()

    def start() -> Process:
        return subprocess.Popen(
            # -P: a file of the working directory must not pass for a module of Python's.
            [sys.executable, "-P", "-c", program.text],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    try:
        yield fork if can_fork() else start
    finally:
        for server in servers:
            server.close()
