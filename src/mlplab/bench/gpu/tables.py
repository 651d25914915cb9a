"""What was measured, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.bench.gpu.agreement import TOLERANCES, Agreement
from mlplab.bench.gpu.memory import Bytes
from mlplab.bench.gpu.shapes import Shape
from mlplab.bench.gpu.throughput import Rate, best

AIM = 30_000
PUBLIC = 6_100
"""Model-steps a second that a public stacked ensemble of W384's shape reaches on an A100."""


def agreement_table(rows: Sequence[Agreement]) -> str:
    """One line a word: its largest differences of weights and metrics in each precision."""
    kinds = list(dict.fromkeys((row.dtype, row.graphs) for row in rows))
    found = {(row.word, row.dtype, row.graphs): row for row in rows}
    heads = [f"{dtype}{', graphs' if graphs else ''}" for dtype, graphs in kinds]
    lines = [
        f"| word | {' | '.join(f'{head}: weights | metrics' for head in heads)} | |",
        "|---" * (2 + 2 * len(kinds)) + "|",
    ]
    for word in dict.fromkeys(row.word for row in rows):
        own = [found[word, *kind] for kind in kinds]
        cells = [f"{one.weights:.1e} | {one.metrics:.1e}" for one in own]
        lines.append(f"| {word} | {' | '.join(cells)} | {_judged(own)} |")
    failed = list(dict.fromkeys(row.word for row in rows if not row.holds))
    n_words = len({row.word for row in rows})
    most = ", ".join(
        f"{TOLERANCES[dtype]:g} in {dtype}" for dtype in dict.fromkeys(k[0] for k in kinds)
    )
    says = f"{n_words - len(failed)} of {n_words} words agree with the CPU (tolerance {most})"
    lines += ["", says + (f"; not: {', '.join(failed)}" if failed else "") + "."]
    return "\n".join(lines)


def _judged(rows: Sequence[Agreement]) -> str:
    problems = [row.problem for row in rows if row.problem]
    if problems:
        return f"**failed**: {problems[0]}"
    return "agrees" if all(row.holds for row in rows) else "**differs**"


def memory_table(rows: Sequence[Bytes]) -> str:
    """One line a shape and way: predicted and taken bytes, in MB of 1,000,000."""
    lines = [
        "| shape | way | predicted stack | data | peak of the device | peak / predicted "
        "| `Experiment.cost` |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        peak = "not measured" if row.peak is None else _megabytes(row.peak)
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(
            f"| {row.shape} | {row.kernels or 'float32'} | {_megabytes(row.stack)} | "
            f"{_megabytes(row.data)} | {peak} | {ratio} | {_megabytes(row.cost)} |"
        )
    return "\n".join(lines)


def _megabytes(n: int) -> str:
    return f"{n / 1e6:,.1f} MB"


def rate_table(shape: Shape, rows: Sequence[Rate]) -> str:
    """One line a way to train: model-steps a second, and what they are beside torch one by one."""
    lines = [
        f"{shape.name}: {shape.title}",
        "",
        "| way | products | model-steps a second (rounds) | TFLOP/s | calls a step |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        if row.problem:
            lines.append(f"| {row.way} | {row.precision} | not measured: {row.problem} | - | - |")
            continue
        low, high = min(row.rounds), max(row.rounds)
        arithmetic = row.steps_per_second * shape.flop_per_step / 1e12
        lines.append(
            f"| {row.way} | {row.precision} | {row.steps_per_second:,.0f} ({low:,.0f} to "
            f"{high:,.0f}) | {arithmetic:.3g} | {row.calls or '-'} |"
        )
    ours = best(rows, "ours")
    if ours is not None:
        said = [f"ours at best {ours.steps_per_second:,.0f} model-steps a second"]
        for name in ("torch.func", "plain torch"):
            other = best(rows, name)
            if other is not None:
                said.append(f"{ours.steps_per_second / other.steps_per_second:.3g} x {name}")
        lines += ["", ", ".join(said) + "."]
    return "\n".join(lines)


def aim_line(rows: Sequence[Rate]) -> str:
    """Say whether the best of ours reaches what is aimed at."""
    ours = best(rows, "ours")
    if ours is None:
        return f"Aim of {AIM:,} model-steps a second: not measured."
    reached = "reached" if ours.steps_per_second >= AIM else "**not reached**"
    return (
        f"Aim of {AIM:,} model-steps a second: {reached}; a public stacked ensemble of this shape "
        f"reaches at most {PUBLIC:,} on an A100."
    )
