"""`python -m mlplab.bench.many 1000000`: what very many tiny runs take, each part in a new process.

The runs are linear models with four inputs, on 64 rows for 20 epochs: an arm for each of 1,000
learning rates, and as many seeds as it takes.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click
import numpy as np

from mlplab.atomic import atomic_file
from mlplab.bench.program import start
from mlplab.data import Task, task_from_arrays
from mlplab.errors import MlplabError
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Fit, Run
from mlplab.version import __version__

ARMS = 1000
EPOCHS = 20
T = TypeVar("T")

PARTS = {
    "train": "trained and stored",
    "again": "asked again of the store",
    "cost": "`experiment.cost()`",
}
"""What each process does: name -> words."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one step took: the clock, the processor, and the memory of its process until its end.

    `seconds` depend on what else the machine does, `cpu_seconds` hardly.
    """

    step: str
    n_runs: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    store_bytes: int


def tiny_task() -> Task:
    """Return 64 rows of four features in two classes, and 32 to test."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(96, 4)).astype(np.float32)
    y = (X @ rng.normal(size=4) > 0).astype(np.int64)
    return task_from_arrays(X[:64], y[:64], X[64:], y[64:], name="tiny")


def tiny_runs(n_runs: int, n_arms: int = ARMS) -> Experiment:
    """Return an experiment of so many linear runs.

    Raises:
        MlplabError: the arms do not share the runs equally.
    """
    if n_runs < 1 or n_runs % n_arms:
        raise MlplabError(f"runs: expected a multiple of the {n_arms} arms; got {n_runs}")
    return Experiment(
        tiny_task(),
        Run(net=MLP(hidden=()), fit=Fit(epochs=EPOCHS, batch_size=16)),
        vary={"lr": np.geomspace(0.001, 0.5, n_arms).tolist()},
        seeds=n_runs // n_arms,
        name="tiny",
    )


def measure(part: str, n_runs: int, n_arms: int, store: Path) -> list[Taken]:
    """Do one of `PARTS` in this process, and the frame of last epochs where runs come back."""
    taken: list[Taken] = []

    def timed(step: str, work: Callable[[], T]) -> T:
        start, busy = time.perf_counter(), _cpu_seconds()
        result = work()
        seconds, cpu = time.perf_counter() - start, _cpu_seconds() - busy
        taken.append(Taken(step, n_runs, seconds, cpu, _peak_bytes(), _size(store)))
        return result

    experiment = tiny_runs(n_runs, n_arms)
    if part == "cost":
        timed(PARTS[part], experiment.cost)
        return taken
    runs = timed(PARTS[part], lambda: experiment.run(store, progress=False))
    frame = timed("`frame(last=True)`", lambda: runs.frame(last=True))
    expected = n_runs if part == "again" else 0
    if runs.from_store != expected or len(frame) != n_runs:
        raise MlplabError(
            f"expected {expected} runs from the store and {n_runs} rows; "
            f"got {runs.from_store} and {len(frame)}"
        )
    return taken


def measure_apart(part: str, n_runs: int, n_arms: int, store: Path) -> list[Taken]:
    """Do the same in a new process.

    Raises:
        MlplabError: it failed.
    """
    command = [sys.executable, "-m", "mlplab.bench.many", str(n_runs), "--arms", str(n_arms)]
    command += ["--store", str(store), "--part", part]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MlplabError(f"{part} of {n_runs} runs failed: {reason}")
    return [Taken(**row) for row in json.loads(done.stdout)]


def page(taken: Sequence[Taken]) -> str:
    """Return the page of `docs` that shows what was measured."""
    rows = []
    for one in taken:
        each = f"{one.store_bytes / one.n_runs:,.0f}" if one.step == PARTS["train"] else ""
        rows.append(
            f"| {one.n_runs:,} | {one.step} | {one.seconds:,.1f} | {one.cpu_seconds:,.1f} | "
            f"{one.peak_bytes / 2**20:,.0f} | {each} |"
        )
    sizes = " ".join(str(n) for n in dict.fromkeys(one.n_runs for one in taken))
    where = (
        f"mlplab {__version__}, Python {platform.python_version()} on {platform.machine()}, "
        f"{os.cpu_count()} cores; {_load()}"
    )
    return _PAGE.format(sizes=sizes, epochs=EPOCHS, arms=ARMS, rows="\n".join(rows), where=where)


_PAGE = """\
# Very many runs

Runs of one experiment lie in columns: a run takes a number of its arm, a seed and 16 bytes of key,
and what came of it 60 bytes and its numbers. A `Run` or an `Outcome` is made when one is asked for.
At most 20,000 runs of a program are begun at a time.

This page is written by

```
python -m mlplab.bench.many {sizes} --markdown docs/many-runs.md
```

The runs are linear models with four inputs, on 64 rows in batches of 16 for {epochs} epochs:
{arms:,} learning rates, and as many seeds as it takes. Each line but those of `frame` is a new
process; the store is a SQLite file. The clock counts what else the machine does, the processor's
seconds hardly. The peak is of the whole process, Python and torch included, until the step's end.

| runs | step | seconds by the clock | processor's seconds | peak, MiB | store, bytes a run |
|---:|---|---:|---:|---:|---:|
{rows}

Measured with {where}.
"""


def _load() -> str:
    """Say how busy the machine was; a measure by the clock is worth little without it."""
    if not hasattr(os, "getloadavg"):
        return "its load is not known"
    return f"over the last 15 minutes, {os.getloadavg()[2]:.1f} processes wanted one"


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _peak_bytes() -> int:
    try:
        import resource
    except ImportError:  # Windows has no such measure
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _size(store: Path) -> int:
    files = (Path(f"{store}{end}") for end in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


@click.command()
@click.argument("n_runs", nargs=-1, required=True, type=click.IntRange(1))
@click.option(
    "--arms",
    type=click.IntRange(1),
    default=ARMS,
    show_default=True,
    help="Learning rates; runs share them.",
)
@click.option("--store", type=click.Path(path_type=Path), help="A new file; default: a temporary.")
@click.option("--part", type=click.Choice(list(PARTS)), help="Only this, here; JSON comes out.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the page there.")
def many(
    n_runs: tuple[int, ...], arms: int, store: Path | None, part: str | None, markdown: Path | None
) -> None:
    """Measure experiments of N_RUNS tiny runs: time, memory, and the size of their store."""
    if part is not None:
        if store is None:
            raise click.UsageError("--part: expected --store FILE as well")
        rows: list[dict[str, Any]] = [asdict(one) for one in measure(part, n_runs[0], arms, store)]
        click.echo(json.dumps(rows))
        return
    taken: list[Taken] = []
    for n in n_runs:
        tiny_runs(n, arms)  # what does not fit is told before anything is measured
    for n in n_runs:
        with TemporaryDirectory(prefix="mlplab-") as folder:
            place = store or Path(folder, "many.sqlite")
            if place.exists():
                raise MlplabError(f"{place} is there: name a new file")
            for name in PARTS:
                for one in measure_apart(name, n, arms, place):
                    taken.append(one)
                    click.echo(
                        f"{n:,} runs, {one.step}: {one.seconds:.1f} s, "
                        f"{one.cpu_seconds:.1f} s of processor, "
                        f"peak {one.peak_bytes / 2**20:,.0f} MiB, "
                        f"{one.store_bytes / n:,.0f} bytes a run in the store"
                    )
    if markdown is not None:
        with atomic_file(markdown) as file:
            file.write_text(page(taken), encoding="utf-8")


if __name__ == "__main__":
    start(partial(many, prog_name="python -m mlplab.bench.many"))
