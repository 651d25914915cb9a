"""`python -m mlplab.bench.clusters`: the same runs here, on Ray and on Slurm, beside each other.

The runs are networks on the digits, two programs at a time everywhere; each measurement begins
with an empty store and ends when everything is in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from mlplab.bench.program import start
from mlplab.bench.versions import measured_with
from mlplab.bench.written import put_page
from mlplab.errors import MlplabError
from mlplab.specs.clusters import CLUSTERS, HERE
from mlplab.theory.memory.measured import peak_above

if TYPE_CHECKING:
    from mlplab.experiment import Experiment, Runs

WORKERS = 2
TRIVIAL, TINY = 100, 20_000
_VERSIONS = ("mlplab", "python", "system", "processor", "cores", "torch", "ray")

Seconds = Mapping[str, Sequence[float]]
"""Place -> what each round took there."""


def long_runs(n_runs: int, epochs: int) -> Experiment:
    """Return networks of two hidden layers, the same number of seeds for each of four rates."""
    from mlplab.experiment import Experiment
    from mlplab.specs import MLP, Fit, Run

    base = Run(net=MLP(hidden=(128, 128)), fit=Fit(epochs=epochs, batch_size=64))
    rates = [0.03, 0.1, 0.2, 0.3]
    return Experiment("digits", base, {"lr": rates}, seeds=max(1, n_runs // len(rates)))


def small_runs(n_runs: int) -> Experiment:
    """Return linear models that train for one epoch."""
    from mlplab.experiment import Experiment
    from mlplab.specs import MLP, Fit, Run

    base = Run(net=MLP(hidden=()), fit=Fit(epochs=1, batch_size=128))
    return Experiment("digits", base, seeds=n_runs)


def timed(experiment: Experiment, place: str) -> tuple[float, Runs]:
    """Train everything in a place, into a new store; return the seconds and the runs."""
    with TemporaryDirectory(prefix="mlplab-") as folder:
        start = time.perf_counter()
        runs = experiment.run(
            Path(folder, "store.sqlite"), on=place, workers=WORKERS, progress=False
        )
        return time.perf_counter() - start, runs


def beside(
    experiment: Experiment, places: Sequence[str], rounds: int, show: Callable[[str], None]
) -> tuple[int, dict[str, list[float]]]:
    """Train the same in every place, round by round, each round in another order.

    Returns:
        How many runs, and for each place the seconds of each round.

    Raises:
        MlplabError: a place gives another result than the first one.
    """
    seconds: dict[str, list[float]] = {place: [] for place in places}
    expected = None
    for number in range(rounds):
        turn = number % len(places)
        for place in (*places[turn:], *places[:turn]):
            taken, runs = timed(experiment, place)
            seconds[place].append(taken)
            show(f"round {number + 1}, {place}: {taken:.1f} s")
            frame = runs.frame()
            if expected is None:
                expected = frame
            elif not frame.equals(expected):
                raise MlplabError(f"{place}: expected the same numbers as elsewhere")
    return len(runs), seconds


def page(
    n_runs: int, long: Seconds, trivial: Seconds, tiny: Mapping[str, tuple[float, float]]
) -> str:
    """Return the figures in Markdown.

    Args:
        n_runs: how many long ones.
        long: what they took.
        trivial: what `TRIVIAL` runs took.
        tiny: what `TINY` runs took, and by how many MiB they raised this process's peak.
    """
    here = median(long[HERE])
    lines = [
        "# Clusters beside this machine",
        "",
        "Made by `python -m mlplab.bench.clusters`: the same runs with two programs at a time, in "
        "worker processes here, on a Ray of this machine's own, on a Slurm of one node. Each time "
        "into a new store, until everything is in it, whatever the place; Ray runs already. Every "
        "number of every run is the same everywhere, or there would be no page.",
        "",
        f"**{n_runs:,} runs** of {WORKERS * here / n_runs:.2f} s of one core each, "
        f"{len(long[HERE])} rounds, each in another order:",
        "",
        "| where | seconds, median (all) | of the throughput here |",
        "|---|---|---|",
    ]
    for place, seconds in long.items():
        each = ", ".join(f"{one:.1f}" for one in seconds)
        # Round by round: what slows the machine for minutes slows its neighbour as well.
        shares = [at / taken for at, taken in zip(long[HERE], seconds, strict=True)]
        lines.append(f"| {place} | {median(seconds):.1f} ({each}) | {median(shares):.1%} |")
    lines += [
        "",
        f"| where | {TRIVIAL} trivial runs, s, median | {TINY:,} tiny runs, s | they raise the "
        "driver's peak by, MiB |",
        "|---|---|---|---|",
    ]
    for place, seconds in trivial.items():
        taken, peak = tiny[place]
        lines.append(f"| {place} | {median(seconds):.2f} | {taken:.1f} | {peak:.0f} |")
    return "\n".join([*lines, "", measured_with(_VERSIONS, ("torch", "ray")), ""])


@click.command()
@click.option("--on", "others", multiple=True, type=click.Choice(list(CLUSTERS)), default=["ray"])
@click.option("--runs", "n_runs", type=click.IntRange(4), default=1000, show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=40, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The page.")
def main(others: tuple[str, ...], n_runs: int, epochs: int, rounds: int, out: Path | None) -> None:
    """Train the same runs here and on clusters, and compare what they take."""

    def show(line: str) -> None:
        click.echo(line, err=True)

    places = (HERE, *others)
    for place in places:  # whatever starts once
        timed(small_runs(WORKERS), place)
    _, trivial = beside(small_runs(TRIVIAL), places, max(rounds, 5), show)
    tiny = {}
    for place in places:
        (taken, _), _, rise = peak_above(partial(timed, small_runs(TINY), place))
        tiny[place] = (taken, rise / 2**20)
        show(f"{TINY:,} tiny runs, {place}: {taken:.1f} s, {rise / 2**20:+.0f} MiB")
    n, long = beside(long_runs(n_runs, epochs), places, rounds, show)
    put_page(page(n, long, trivial, tiny), out)


if __name__ == "__main__":
    start(main)
