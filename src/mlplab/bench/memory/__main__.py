"""`python -m mlplab.bench.memory --out PAGE`: the grid, predicted and measured."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from mlplab.bench.memory.grid import GRID
from mlplab.bench.memory.held_out import HELD_OUT
from mlplab.bench.program import start
from mlplab.bench.versions import measured_with
from mlplab.reading import read_word

_VERSIONS = ("mlplab", "python", "system", "torch", "numpy")
_BASE = 64 * 2**20
_HEAD = """# Memory, predicted and measured

Made by `make memory`; each population is trained in a fresh process. Measured is the peak of the
resident set above the process before any run, with libraries and data in memory; predicted is what
`mlplab memory` and `Experiment.cost` say of it, but that they count checkpoints by the time that
they expect, and kept weights not at all.
"""


def main() -> None:
    """Measure every setting, or those named, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="settings; default: all")
    parser.add_argument("--out", type=Path, help="the page; default: standard output")
    options = parser.parse_args()
    for name in options.names:
        read_word("setting", name, [*GRID, *HELD_OUT])
    rows: list[tuple[str, int, int]] = []
    for name in options.names or [*GRID, *HELD_OUT]:
        rows.append((name, *_measure(name)))
        print(f"{name}: {_error(*rows[-1][1:]):+.1f} %", file=sys.stderr, flush=True)
        if options.out is not None:
            options.out.write_text(page(rows), encoding="utf-8")
    if options.out is None:
        print(page(rows))


def page(rows: list[tuple[str, int, int]]) -> str:
    """Return the page of (name, predicted, measured), in Markdown."""
    lines = [_HEAD]
    parts = {"": GRID, "Held out": HELD_OUT}
    for title, settings in parts.items():
        lines += _section(title, [row for row in rows if row[0] in settings])
    return "\n".join([*lines, "", measured_with(_VERSIONS), ""])


def _section(title: str, rows: list[tuple[str, int, int]]) -> list[str]:
    """Return a heading, what the errors come to, and a table."""
    errors = [_error(predicted, used) for _, predicted, used in rows if used >= _BASE]
    lines = [f"\n## {title}\n\nNothing was fitted to these.\n"] if title and rows else []
    if errors:
        lines.append(
            f"{len(errors)} of {len(rows)} settings took 64 MiB or more. Of these the median error "
            f"is {statistics.median(map(abs, errors)):.1f} %, the largest "
            f"{max(map(abs, errors)):.1f} %, the lowest {min(errors):+.1f} %.\n"
        )
    if rows:
        lines += ["| setting | predicted, MiB | measured, MiB | error |", "|---|---|---|---|"]
    for name, predicted, used in rows:
        cells = f"{predicted / 2**20:.1f} | {used / 2**20:.1f} | {_error(predicted, used):+.1f} %"
        lines.append(f"| {name} | {cells} |")
    return lines


def _error(predicted: int, used: int) -> float:
    return 100 * (predicted / used - 1)


def _measure(name: str) -> tuple[int, int]:
    command = [sys.executable, "-m", "mlplab.bench.memory.peak", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return found["predicted"], found["used"]


if __name__ == "__main__":
    start(main)
