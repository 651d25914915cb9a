"""Measure workloads in rounds: ours and each baseline in turn, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mlplab.bench.process import Sample, take
from mlplab.bench.rows import BenchRow, make_row
from mlplab.bench.versions import versions
from mlplab.bench.workloads import FEWEST_ROUNDS, WORKLOADS, Measure, Workload
from mlplab.errors import ConfigError, MlplabError
from mlplab.hints import hint


@dataclass(frozen=True, slots=True)
class Step:
    """Where the benchmark stands: `label` is about to run as step `index` of `total`."""

    index: int
    total: int
    label: str


StepCallback = Callable[[Step], None]


def run_bench(
    names: Sequence[str] = (),
    rounds: int = FEWEST_ROUNDS,
    report: StepCallback | None = None,
    measure: Callable[[Measure], Sample] = take,
) -> list[BenchRow]:
    """Measure workloads beside their baselines, several rounds in turn.

    In every round each process runs once: ours, its first baseline, its second, ..., then the
    next workload; a process that two workloads share runs once for both.

    Args:
        names: of `WORKLOADS`; none means all.
        rounds: how often everything is measured.
        report: called before every step.
        measure: how one sample is taken; replaced in tests.

    Returns:
        One row per workload, in the order of `names`.

    Raises:
        ConfigError: an unknown name, or too few rounds to have a spread.
    """
    chosen = choose(names)
    if rounds < FEWEST_ROUNDS:
        raise ConfigError(f"rounds: expected at least {FEWEST_ROUNDS}; got {rounds}")
    plan = _plan(chosen)
    samples: list[dict[object, Sample]] = [{} for _ in range(rounds)]
    failures: dict[object, str] = {}
    # Round by round: drifts of the machine then meet both sides of a ratio.
    for number, taken in enumerate(samples):
        for place, (label, one) in enumerate(plan):
            if report is not None:
                index = number * len(plan) + place
                report(Step(index, rounds * len(plan), f"round {number + 1}: {label}"))
            # What failed once is not waited for again.
            if one.identity in failures:
                continue
            try:
                taken[one.identity] = measure(one)
            except MlplabError as problem:
                failures[one.identity] = str(problem)
    found_versions = versions()
    rows = []
    for workload in chosen:
        measures = (workload.ours, *workload.baselines)
        rows.append(
            make_row(
                workload,
                [
                    {m.name: taken[m.identity] for m in measures if m.identity in taken}
                    for taken in samples
                ],
                {m.name: failures[m.identity] for m in measures if m.identity in failures},
                found_versions,
            )
        )
    return rows


def choose(names: Sequence[str]) -> list[Workload]:
    """Return the workloads of these names; all of them for none.

    Raises:
        ConfigError: no workload of a name.
    """
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        raise ConfigError(f"no workload {unknown[0]!r}; {hint(unknown[0], WORKLOADS)}")
    return [WORKLOADS[name] for name in dict.fromkeys(names or WORKLOADS)]


@contextmanager
def progress_bar() -> Iterator[StepCallback]:
    """Hand out a report that draws a progress bar on standard error, or lines in a log."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: console.print(f"{step.index + 1}/{step.total} {step.label}")
        return
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("bench", total=None)

        def report(step: Step) -> None:
            bar.update(task, completed=step.index, total=step.total, description=step.label)

        yield report
        bar.update(task, completed=bar.tasks[0].total, description="bench")


def _plan(chosen: Sequence[Workload]) -> list[tuple[str, Measure]]:
    plan: dict[object, tuple[str, Measure]] = {}
    for workload in chosen:
        for measure in (workload.ours, *workload.baselines):
            plan.setdefault(measure.identity, (f"{workload.name}, {measure.name}", measure))
    return list(plan.values())
