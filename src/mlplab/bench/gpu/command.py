"""`python -m mlplab.bench.gpu`: what is claimed of GPUs, in one run of under 5 minutes."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import click
import torch

from mlplab.bench.gpu.agreement import Agreement, agreement
from mlplab.bench.gpu.memory import taken
from mlplab.bench.gpu.shapes import FULL, SMALL
from mlplab.bench.gpu.tables import agreement_table, aim_line, memory_table, rate_table
from mlplab.bench.gpu.throughput import ROUNDS, rates
from mlplab.bench.gpu.words import names, populations
from mlplab.bench.versions import versions
from mlplab.engine.device import device_of
from mlplab.errors import ConfigError

PARTS = ("agreement", "memory", "throughput")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--device", default="cuda", show_default=True, help="As torch names it.")
@click.option(
    "--small",
    is_flag=True,
    help="Tiny shapes and three words, to try the script itself: its speeds say nothing.",
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(PARTS),
    help="Only this part; may be given more than once.  [default: all]",
)
def gpu(device: str, small: bool, parts: tuple[str, ...]) -> None:
    """Compare a GPU with the CPU word by word, and measure its memory and its speed.

    Prints one line and ends with 0 where there is no such device. Ends with 1 where a word differs
    from the CPU by more than the tolerance, or fails.

    \b
      agreement   every word of the vocabulary, trained on both
      memory      predicted bytes beside the device's peak
      throughput  model-steps a second, beside torch.func and plain torch
    """
    try:
        place = device_of(device)
    except ConfigError as problem:
        if "is not available" not in str(problem):
            raise click.UsageError(str(problem)) from None
        click.echo(f"no GPU: nothing was measured ({problem})")
        return
    start = time.perf_counter()
    is_gpu = place.type == "cuda"
    name = torch.cuda.get_device_name(place) if is_gpu else "the CPU, in a GPU's place"
    told = ", ".join(f"{what} {which}" for what, which in versions().items())
    click.echo(f"# On {name}\n\n{told}\n")
    shapes, chosen = SMALL if small else FULL, parts or PARTS
    rows: list[Agreement] = []
    if "agreement" in chosen:
        rows = _agreements(device, small)
        click.echo(f"## Agreement with the CPU\n\n{agreement_table(rows)}\n")
    if "memory" in chosen:
        ways = [("", False), ("bf16", False), *([("", True)] if is_gpu else [])]
        taken_bytes = [taken(shape, device, *way) for shape in shapes for way in ways]
        click.echo(f"## Memory\n\n{memory_table(taken_bytes)}\n")
    if "throughput" in chosen:
        click.echo(f"## Throughput, median of {ROUNDS} rounds\n")
        for shape in shapes:
            measured = rates(shape, device)
            click.echo(rate_table(shape, measured) + "\n")
            if shape.name == "W384" and not small:
                click.echo(aim_line(measured) + "\n")
    click.echo(f"All of it took {time.perf_counter() - start:.0f} s.")
    failed = sorted({row.word for row in rows if not row.holds})
    if failed:
        click.echo(f"error: {', '.join(failed)}: not equal to the CPU", err=True)
        sys.exit(1)


def _agreements(device: str, small: bool) -> list[Agreement]:
    kind = torch.device(device).type
    # Apple's GPUs have no float64.
    ways = [
        (dtype, False) for dtype in ("float64", "float32") if (kind, dtype) != ("mps", "float64")
    ]
    if kind == "cuda":
        ways.append(("float64", True))
    words: Sequence[str] = names()[::25] if small else names()
    rows = []
    for number, (dtype, graphs) in enumerate(ways):
        for place, one in enumerate(populations(dtype, words)):
            share = (number * len(words) + place) / (len(ways) * len(words))
            click.echo(f"\r{share:4.0%} {one.name:<40}", nl=False, err=True)
            rows.append(agreement(one, dtype, device, graphs))
    click.echo("\r" + " " * 45 + "\r", nl=False, err=True)
    return rows
