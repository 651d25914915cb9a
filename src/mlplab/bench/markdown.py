"""Benchmark rows as Markdown, and the page that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlplab.bench.rows import BenchRow
from mlplab.bench.workloads import FEWEST_ROUNDS, WORKLOADS, Workload
from mlplab.errors import ConfigError

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
_VERDICTS = {True: "reached", False: "**not reached**", None: "not measured"}


def to_markdown(rows: Sequence[BenchRow], others: Sequence[Workload] = ()) -> str:
    """Write rows as Markdown: a table of targets, one of seconds, and how each was measured.

    Args:
        rows: what was measured.
        others: workloads whose targets are listed as not measured.
    """
    lines = ["| workload | must reach | measured (spread over rounds) | |", "|---|---|---|---|"]
    for row in rows:
        for target in WORKLOADS[row.workload].targets:
            ratio = row.ratios.get(target.beside)
            lines.append(
                f"| {row.workload} | {target.says()} | {_ratio(row, target.beside, ratio)} | "
                f"{_VERDICTS[row.reached[target.says()]]} |"
            )
    lines += [
        f"| {workload.name} | {target.says()} | - | {_VERDICTS[None]} |"
        for workload in others
        for target in workload.targets
    ]
    lines += ["", "| workload | measured | seconds per unit |", "|---|---|---|"]
    for row in rows:
        ours = "not measured" if row.ours_seconds is None else _seconds(row.ours_seconds)
        if row.megabytes is not None:
            ours += f" ({row.megabytes:.0f} MB)"
        lines.append(f"| {row.workload} | **ours** | {ours} per {row.unit} |")
        lines += [
            f"| {row.workload} | {name} | {_seconds(seconds)} per {row.unit} |"
            for name, seconds in row.baselines.items()
        ]
    lines.append("")
    for row in rows:
        lines += [f"- **{row.workload}**: {row.title}; {row.rounds} rounds."]
        lines += [f"  - {note}" for note in row.notes]
        lines += [f"  - {name}: not measured: {why}" for name, why in row.failures.items()]
    if rows:
        lines += ["", ", ".join(f"{name} {text}" for name, text in rows[0].versions.items())]
    return "\n".join(lines) + "\n"


def update_page(page: Path, rows: Sequence[BenchRow]) -> None:
    """Replace what stands between the markers of a page by the Markdown of these rows.

    Workloads without a row are listed as not measured: figures of two runs do not stand together.

    Raises:
        ConfigError: the page is missing or lacks the markers, or a row stands on too few rounds.
    """
    few = [row.workload for row in rows if row.rounds < FEWEST_ROUNDS]
    if few:
        raise ConfigError(
            f"{', '.join(few)}: expected at least {FEWEST_ROUNDS} rounds on a page; "
            f"got {min(row.rounds for row in rows)}"
        )
    before, after = split_page(page)
    measured = {row.workload for row in rows}
    others = [workload for name, workload in WORKLOADS.items() if name not in measured]
    figures = to_markdown(rows, others)
    page.write_text(f"{before}{BEGIN}\n{figures}{END}{after}", encoding="utf-8")


def split_page(page: Path) -> tuple[str, str]:
    """Return what stands before and after the marked section of a page.

    Raises:
        ConfigError: the page is missing or lacks the markers.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError:
        raise ConfigError(f"expected a page to write the figures into; got {str(page)!r}") from None
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"{str(page)!r} lacks the lines {BEGIN!r} and {END!r}")
    return before, after


def _ratio(row: BenchRow, beside: str, ratio: float | None) -> str:
    if ratio is None:
        return "-"
    low, high = row.spread[beside]
    return f"{_figure(ratio)} ({_figure(low)} to {_figure(high)})"


def _figure(value: float) -> str:
    # Four digits, noughts among them: rounds are rarely equal, and a page shall show it.
    return f"{value:#.4g}".rstrip(".") if 0.001 <= value < 1e4 else f"{value:.4g}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.4g} s" if seconds >= 0.01 else f"{seconds * 1e6:.4g} µs"
