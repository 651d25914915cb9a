"""Run one measure in a process of its own, with the threads a reader would have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from mlplab.bench.process_memory import MemoryWatch
from mlplab.bench.timing import Timing
from mlplab.bench.workloads import Measure
from mlplab.errors import MlplabError

# All workloads together take 10 to 30 minutes: a single process that needs as long hangs.
LIMIT_SECONDS = 1800.0
# Threads and kernels: every library chooses for itself, as it does for a reader.
THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "MKL_CBWR",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "MLPLAB_NUMERICS",
)
# It ends by itself when the process that started it is gone.
_BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))"


@dataclass(frozen=True, slots=True)
class Sample:
    """One measure in one round: its timing, and its peak memory where that was watched."""

    timing: Timing
    peak_bytes: int | None = None

    @property
    def value(self) -> float:
        """What ratios are made of: seconds, or bytes where memory was watched."""
        return self.timing.seconds if self.peak_bytes is None else float(self.peak_bytes)


def take(measure: Measure) -> Sample:
    """Start a measure's process, wait for it, and read its timing.

    Raises:
        MlplabError: it failed, printed something else, or took too long.
    """
    environment = {k: v for k, v in os.environ.items() if k not in THREAD_SETTINGS}
    command = [sys.executable, "-m", measure.module, *measure.arguments, "--json"]
    with _sigterm_raises(), busy_process() if measure.contended else nullcontext():
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Its workers too end with it: the whole session is signalled.
            start_new_session=True,
        )
        try:
            if measure.watch_memory:
                with MemoryWatch(process.pid) as watch:
                    output, errors = process.communicate(timeout=LIMIT_SECONDS)
                peak_bytes = watch.peak_bytes
            else:
                output, errors = process.communicate(timeout=LIMIT_SECONDS)
                peak_bytes = None
        except subprocess.TimeoutExpired:
            raise MlplabError(
                f"{measure.module} took longer than {LIMIT_SECONDS:g} s and was ended"
            ) from None
        finally:
            if process.poll() is None:
                _end(process)
    if process.returncode != 0:
        reason = (errors.strip().splitlines() or ["no message"])[-1]
        raise MlplabError(f"{measure.module} failed: {reason}")
    last_line = (output.strip().splitlines() or [""])[-1]
    return Sample(Timing.from_json(last_line), peak_bytes)


@contextmanager
def busy_process() -> Iterator[int]:
    """Keep one core busy with another process while the body runs; hand out its id."""
    process = subprocess.Popen([sys.executable, "-c", _BUSY])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    # Measuring processes have sessions of their own: who ends the benchmark must end them too.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(process: subprocess.Popen[str]) -> None:
    # Its workers are in its own session, so one signal to the group ends them too.
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
