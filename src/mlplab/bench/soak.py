"""`python -m mlplab.bench.soak --hours 2`: memory, open files and threads over hours of mixed work.

One process does all of it, in turn: compiled loops on threads, stacks, worker processes, modules,
searches, tables, a detector of shifts. What it holds is looked at after each round.
"""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

from mlplab.bench.process_memory import PROC, family
from mlplab.bench.program import start
from mlplab.bench.versions import measured_with
from mlplab.bench.written import put_page
from mlplab.errors import MlplabError
from mlplab.theory.resident import own_bytes, resident_bytes

MIB = 2**20
WARM_SHARE = 0.25
"""Of the time: what is loaded and kept for good is there after it."""
_VERSIONS = ("mlplab", "python", "system", "torch", "numpy")

Job = Callable[[Path, int], None]
"""Does some work in a folder of its own; the number makes each round's runs new ones."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds after a round.

    Attributes:
        hours: since the start.
        rounds: done so far.
        resident: bytes of its memory.
        own: those that are no pages of files, which come and go as the system likes.
        files: open descriptors.
        threads: of this process.
        children: processes it has started that are still there.
    """

    hours: float
    rounds: int
    resident: int
    own: int
    files: int
    threads: int
    children: int


def sample(start: float, rounds: int) -> Sample:
    """Look at this process.

    Raises:
        MlplabError: this system has no `/proc`.
    """
    own = PROC / "self"
    if not (own / "status").exists():
        raise MlplabError("a soak is measured from /proc, which needs Linux")
    gc.collect()
    return Sample(
        hours=(time.monotonic() - start) / 3600,
        rounds=rounds,
        resident=resident_bytes(),
        own=own_bytes(),
        files=len(list((own / "fd").iterdir())) - 1,  # the listing itself has one open
        threads=len(list((own / "task").iterdir())),
        children=len(family(os.getpid())) - 1,
    )


def growth(samples: Sequence[Sample]) -> tuple[float, float]:
    """Return by how many MiB an hour its own memory grows after the warm-up, and the error.

    The slope of a line by least squares through all samples that come after it, and its standard
    error.

    >>> def at(hours, mib):
    ...     return Sample(hours, 0, 0, int(mib * MIB), 0, 0, 0)
    >>> rise, error = growth([at(0, 10), at(1, 100), at(2, 101), at(3, 102), at(4, 103)])
    >>> round(rise, 6), round(error, 6)
    (1.0, 0.0)
    """
    warm = WARM_SHARE * samples[-1].hours
    kept = [one for one in samples if one.hours >= warm]
    if len(kept) < 3:
        return float("nan"), float("nan")
    hours = np.array([one.hours for one in kept])
    mib = np.array([one.own / MIB for one in kept])
    away = hours - hours.mean()
    slope = float(away @ mib / (away @ away))
    rest = mib - mib.mean() - slope * away
    return slope, float(np.sqrt(rest @ rest / (len(kept) - 2) / (away @ away)))


def native(folder: Path, number: int) -> None:
    """Linear models in compiled loops, on threads."""
    from mlplab.data import load_task
    from mlplab.experiment import Experiment
    from mlplab.specs import MLP, Fit, Run

    base = Run(net=MLP(), fit=Fit(epochs=5))
    seeds = range(100 * number, 100 * number + 100)
    runs = Experiment(load_task("digits", valid=0.1), base, {"lr": [0.1, 0.3]}, seeds=seeds)
    runs.run(folder / "native.sqlite", progress=False, workers=2).compare("lr", "valid_accuracy")


def stacks(folder: Path, number: int, workers: int = 1) -> None:
    """Networks in stacks, in this process or in workers."""
    from mlplab.data import load_task
    from mlplab.experiment import Experiment
    from mlplab.specs import MLP, Fit, Run

    base = Run(net=MLP(hidden=(256, 256), dropout=0.2), fit=Fit(epochs=2))
    seeds = range(8 * number, 8 * number + 8)
    runs = Experiment(load_task("digits", valid=0.1), base, {"lr": [0.03, 0.1]}, seeds=seeds)
    found = runs.run(folder / "stacks.sqlite", progress=False, workers=workers, keep_weights=True)
    found.frame()
    found.best("valid_accuracy")


def processes(folder: Path, number: int) -> None:
    """The same in worker processes."""
    stacks(folder, number, workers=2)


def modules(folder: Path, number: int) -> None:
    """A module of torch, stacked by vmap."""
    from mlplab.experiment import Experiment
    from mlplab.specs import Fit, Module, Run

    import_module("mlplab.bench.modules")  # registers it
    base = Run(net=Module(name="bench-two-layers"), fit=Fit(epochs=1))
    seeds = range(8 * number, 8 * number + 8)
    Experiment("digits", base, seeds=seeds).run(
        folder / "modules.sqlite", progress=False, workers=1
    )


def searches(folder: Path, number: int) -> None:
    """A search by halving."""
    from mlplab.search import Range, Search
    from mlplab.specs import MLP, Fit, Run

    base = Run(net=MLP(hidden=(16,)), fit=Fit(epochs=9))
    space: dict[str, Any] = {"lr": Range(low=0.001, high=3, log=True), "hidden": [(16,), (64,)]}
    search = Search("digits", base, space, strategy="halving", budget=90, search_seed=number)
    search.run(folder / "search.sqlite", progress=False)


def tables(folder: Path, number: int) -> None:
    """A table read, fitted and predicted; a detector of shifts on two of them."""
    import pandas as pd

    from mlplab.shift import detect
    from mlplab.store import Store
    from mlplab.tabular import fit_table, read_table

    rng = np.random.default_rng(number)
    frames = []
    for name in ("train", "test"):
        x, town = rng.normal(size=(300, 3)), rng.choice(["Oslo", "Rome"], 300)
        frame = pd.DataFrame(x, columns=list("abc")).assign(town=town, y=x @ [1, 2, 3])
        frame.to_csv(folder / f"{name}.csv", index=False)
        frames.append(frame)
    table = read_table(folder / "train.csv", target="y")
    with Store(folder / "table.sqlite") as store:
        fit_table(table, configurations=3, n_folds=3, threads=1, store=store, progress=False)
    detect(*frames, n_permutations=39, progress=False)


JOBS: dict[str, Job] = {
    "native": native,
    "stacks": stacks,
    "processes": processes,
    "modules": modules,
    "searches": searches,
    "tables": tables,
}


def soak(hours: float, jobs: Sequence[str], show: Callable[[str], None]) -> list[Sample]:
    """Do all jobs in turn until the time is over, each round in a folder that is removed after it.

    Args:
        hours: to go on.
        jobs: keys of `JOBS`.
        show: told of each round in a line.
    """
    start = time.monotonic()
    samples = [sample(start, 0)]
    while samples[-1].hours < hours:
        number = samples[-1].rounds
        for name in jobs:
            with TemporaryDirectory(prefix="mlplab-soak-") as folder:
                JOBS[name](Path(folder), number)
        samples.append(sample(start, number + 1))
        now = samples[-1]
        show(f"{now.hours:.2f} h, round {now.rounds}: {now.resident / MIB:.1f} MiB, "
             f"{now.own / MIB:.1f} its own, {now.files} files, {now.threads} threads, "
             f"{now.children} children")  # fmt: skip
    return samples


def page(samples: Sequence[Sample], command: str) -> str:
    """Return the figures in Markdown."""
    kept = [one for one in samples if one.hours >= WARM_SHARE * samples[-1].hours]
    flat = {
        name: sorted({getattr(one, name) for one in kept})
        for name in ("files", "threads", "children")
    }
    step = max(1, len(samples) // 16)
    lines = [
        "# Hours of mixed work",
        "",
        f"Made by `{command}`: one process trains linear models in compiled loops, networks in "
        "stacks and in worker processes, modules of torch, searches by halving, and fits tables "
        "and compares them, in turn, each in a store of its own that is removed. After a warm-up "
        f"({WARM_SHARE:.0%} of the time) {_spell_growth(*growth(samples))}, over {len(kept)} "
        "rounds. That is memory of its own: what is resident also has pages of files, such as the "
        "code of libraries, which the system drops and reads again as it likes. "
        "Open files after rounds: "
        f"{', '.join(map(str, flat['files']))}; threads: {', '.join(map(str, flat['threads']))}; "
        f"processes: {', '.join(map(str, flat['children']))}.",
        "",
        "| hours | rounds | resident, MiB | its own, MiB | open files | threads | processes |",
        "|---|---|---|---|---|---|---|",
    ]
    shown = [*samples[::step], *([samples[-1]] if (len(samples) - 1) % step else [])]
    lines += [
        f"| {one.hours:.2f} | {one.rounds} | {one.resident / MIB:.1f} | {one.own / MIB:.1f} | "
        f"{one.files} | {one.threads} | {one.children} |"
        for one in shown
    ]
    return "\n".join([*lines, "", measured_with(_VERSIONS), ""])


def _spell_growth(rise: float, error: float) -> str:
    if math.isnan(rise):
        return "the time was too short to tell growth"
    return f"memory changes by **{rise:+.2f} MiB an hour** (standard error {error:.2f})"


@click.command()
@click.option("--hours", type=click.FloatRange(min=0), default=2.0, show_default=True)
@click.option("--job", "jobs", multiple=True, type=click.Choice(list(JOBS)), help="Default: all.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The page.")
def main(hours: float, jobs: tuple[str, ...], out: Path | None) -> None:
    """Do mixed work for hours, and say what the process holds."""
    samples = soak(hours, jobs or list(JOBS), lambda line: click.echo(line, err=True))
    more = "".join(f" --job {name}" for name in jobs)
    text = page(samples, f"python -m mlplab.bench.soak --hours {hours:g}{more}")
    put_page(text, out)


if __name__ == "__main__":
    start(main)
