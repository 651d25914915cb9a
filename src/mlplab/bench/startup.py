"""How long the package takes to start: `mlplab --help` and `import mlplab`."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from mlplab.bench.timing import Timing, serve
from mlplab.errors import MlplabError

PROGRAMS = {
    "help": "import sys; sys.argv = ['mlplab', '--help']; from mlplab.cli import main; main()",
    "import": "import mlplab",
    "python": "pass",
}
N_STARTS = 7  # the median of an odd number is one of them


def measure(program: str) -> Timing:
    """Time several starts of one program, each in a new interpreter; the median counts.

    Raises:
        MlplabError: the program fails.
    """
    seconds = []
    # The first start also fills the disk cache and is not counted.
    for _ in range(N_STARTS + 1):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAMS[program]], capture_output=True, text=True, check=False
        )
        seconds.append(time.perf_counter() - start)
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise MlplabError(f"starting {program!r} failed: {reason}")
    return Timing(program, median(seconds[1:]), N_STARTS, f"median of {N_STARTS} starts")


if __name__ == "__main__":
    serve(measure, tuple(PROGRAMS))
