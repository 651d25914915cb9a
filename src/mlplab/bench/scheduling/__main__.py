"""`python -m mlplab.bench.scheduling --out docs/scheduling.md`: sweeps on up to 1,000 workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from mlplab.bench.program import start
from mlplab.bench.scheduling.cluster import Cluster, Usage, Work
from mlplab.bench.scheduling.measured import (
    N_TASKS,
    Times,
    as_here,
    measure,
    real_seconds,
    tasks,
)
from mlplab.bench.scheduling.simulate import simulate
from mlplab.bench.verdict_simulation import markdown_table
from mlplab.bench.versions import measured_with
from mlplab.bench.written import put_page
from mlplab.data import load_task

N_RUNS = 1_000_000
WORKERS = (1, 2, 4, 10, 30, 100, 300, 1000)
TASK_SECONDS = 120.0
LENGTHS = (10.0, 30.0, 120.0, 600.0, 3600.0)
SLURM_START = 4.0
"""Seconds until a task of an array job has taken its first step: Python, torch, the data."""
_AWAY = 60.0
_CHECKPOINTS = 60.0
_REPETITIONS = 20
_VERSIONS = ("mlplab", "python", "system", "processor", "cores")


def sweep(times: Times, task_seconds: float) -> Work:
    """Return a million runs in tasks of about so many seconds."""
    runs_per_task = max(1, round(task_seconds / times.work.run_seconds))
    return replace(times.work, n_runs=N_RUNS, runs_per_task=runs_per_task)


def cluster(times: Times, workers: int, **more: float) -> Cluster:
    """Return array jobs on so many cores, one driver merging."""
    return Cluster(
        workers=workers,
        start_seconds=SLURM_START,
        starts_each_task=True,
        away_seconds=_AWAY,
        checkpoint_seconds=_CHECKPOINTS,
        merge_seconds=times.merge_seconds,
        **more,
    )


def compared(times: Times, workers: Sequence[int], repetitions: int) -> list[list[str]]:
    """Return real and simulated seconds of the tasks that were measured, a row for each number."""
    task, chunks = load_task("digits", valid=0.1), tasks()
    rows = []
    for n in workers:
        real = [real_seconds(chunks, task, n)[0] for _ in range(repetitions)]
        drawn = [
            simulate(times.work, as_here(times, n), np.random.default_rng(seed)).seconds
            for seed in range(200)
        ]
        middle, expected = float(np.median(real)), float(np.mean(drawn))
        rows.append(
            [str(n), f"{middle:.1f}", f"{min(real):.1f} to {max(real):.1f}", f"{expected:.1f}",
             f"{100 * (expected / middle - 1):+.0f} %"]
        )  # fmt: skip
    return rows


def page(times: Times, real: Sequence[Sequence[str]], command: str) -> str:
    """Return the page in Markdown."""
    work = times.work
    minutes = TASK_SECONDS / 60
    sections = [
        "# A million runs on up to 1,000 workers, simulated",
        f"Made by `{command}`. What one worker takes was measured on this machine, by training "
        f"{work.n_runs} networks (digits, one hidden layer of 32 with layer norm, 40 epochs) in "
        f"{N_TASKS} tasks; what many workers take is simulated from it, task by task: starts, "
        "uneven tasks, kills and returns, checkpoints, slow machines, one driver that merges.",
        markdown_table(
            ["measured", ""],
            [
                ["seconds of a core for a run, in a task of 50", f"{work.run_seconds:.3f}"],
                ["standard deviation of tasks, of their mean", f"{work.spread:.3f}"],
                ["seconds until a new worker's first step", f"{times.start_seconds:.1f}"],
                ["bytes of an outcome", f"{work.outcome_bytes:,.0f}"],
                ["bytes of a checkpoint", f"{work.state_bytes:,.0f}"],
                ["bytes of the data", f"{work.data_bytes:,.0f}"],
                ["milliseconds of the driver for an outcome", f"{1000 * times.merge_seconds:.3f}"],
            ],
        ),
        "## Beside real workers",
        f"The same tasks in worker processes of this machine, {times.cores} cores: more workers "
        "than cores share them.",
        markdown_table(
            ["workers", "real seconds, median", "range", "simulated", "difference"], real
        ),
        "## A million runs",
        f"In tasks of {minutes:g} minutes, as array jobs that take {SLURM_START:g} s to start. "
        f"Kills end a task on average once an hour of a worker; it is back after {_AWAY:g} s and "
        f"goes on from checkpoints {_CHECKPOINTS:g} s apart. Slow: one worker in twenty takes "
        f"three times as long. Means of {_REPETITIONS} simulations; efficiency is the share of all "
        "workers' time that is work.",
        markdown_table(
            ["workers", "hours", "efficiency", "with kills", "core hours lost", "with slow ones",
             "GB moved", "merging after the end, s"],
            [_row(times, workers) for workers in WORKERS],
        ),
        "## How long tasks should be",
        "The same on 100 and on 1,000 workers, with kills once an hour: short tasks start often, "
        "long ones leave workers idle at the end.",
        markdown_table(
            ["seconds of a task", "tasks", "efficiency, 100 workers", "efficiency, 1,000 workers"],
            [_length_row(times, seconds) for seconds in LENGTHS],
        ),
        measured_with(_VERSIONS),
    ]  # fmt: skip
    return "\n\n".join(sections) + "\n"


def _means(work: Work, on: Cluster) -> Usage:
    found = [simulate(work, on, np.random.default_rng(seed)) for seed in range(_REPETITIONS)]
    return Usage(
        seconds=float(np.mean([one.seconds for one in found])),
        useful_seconds=float(np.mean([one.useful_seconds for one in found])),
        lost_seconds=float(np.mean([one.lost_seconds for one in found])),
        n_kills=round(float(np.mean([one.n_kills for one in found]))),
        n_bytes=float(np.mean([one.n_bytes for one in found])),
        workers=on.workers,
        merged_last=float(np.mean([one.merged_last for one in found])),
    )


def _row(times: Times, workers: int) -> list[str]:
    work = sweep(times, TASK_SECONDS)
    plain = _means(work, cluster(times, workers))
    killed = _means(work, cluster(times, workers, kills_per_hour=1.0))
    slow = _means(work, cluster(times, workers, slow_share=0.05, slow_factor=3.0))
    return [
        f"{workers:,}", f"{plain.seconds / 3600:.2f}", f"{plain.efficiency:.3f}",
        f"{killed.efficiency:.3f}", f"{killed.lost_seconds / 3600:.1f}",
        f"{slow.efficiency:.3f}", f"{killed.n_bytes / 1e9:.1f}", f"{plain.merged_last:.1f}",
    ]  # fmt: skip


def _length_row(times: Times, seconds: float) -> list[str]:
    work = sweep(times, seconds)
    shares = [
        _means(work, cluster(times, workers, kills_per_hour=1.0)).efficiency
        for workers in (100, 1000)
    ]
    n_tasks = len(work.task_sizes)
    return [f"{seconds:g}", f"{n_tasks:,}", *(f"{share:.3f}" for share in shares)]


@click.command()
@click.option("--repetitions", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(1),
    multiple=True,
    default=(1, 2, 3, 4),
    show_default=True,
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The page.")
def main(repetitions: int, workers: tuple[int, ...], out: Path | None) -> None:
    """Measure tasks here, compare real workers with simulated ones, and simulate many."""
    times = measure(tasks())
    text = page(times, compared(times, workers, repetitions), "python -m mlplab.bench.scheduling")
    put_page(text, out)


if __name__ == "__main__":
    start(main)
