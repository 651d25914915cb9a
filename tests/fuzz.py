"""Run the random tests on fresh examples, round after round, until the time is up or one fails.

    python tests/fuzz.py [--minutes 10] [--seed N] [-m MARKERS]

Each round draws from a seed that it prints; `--seed` repeats a round. A test that has begun is
let end, so the slow ones may overrun the time.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="of the first round")
    parser.add_argument("-m", dest="markers", default="hypothesis", help="as pytest takes them")
    given, further = parser.parse_known_args()
    until = time.time() + 60 * given.minutes
    seed = random.SystemRandom().randrange(10**9) if given.seed is None else given.seed
    while True:
        print(f"fuzz: seed {seed} (again: make fuzz SEED={seed})", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal"]
        command += ["--hypothesis-profile", "fuzz", "--hypothesis-seed", str(seed)]
        done = subprocess.run(
            [*command, "-m", given.markers, "--until", str(until), *further], check=False
        )
        if done.returncode or time.time() > until:
            return done.returncode
        seed += 1


if __name__ == "__main__":
    sys.exit(main())
