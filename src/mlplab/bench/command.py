"""The command `mlplab bench`."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import click

from mlplab.bench.workloads import FEWEST_ROUNDS, WORKLOADS
from mlplab.errors import ConfigError, MlplabError


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in WORKLOADS if name.startswith(incomplete)]


@click.command()
@click.argument("names", nargs=-1, metavar="[WORKLOAD]...", shell_complete=_complete)
@click.option(
    "--rounds",
    type=click.IntRange(FEWEST_ROUNDS),
    default=FEWEST_ROUNDS,
    show_default=True,
    help="How often everything is measured, in turn.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option(
    "--markdown",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Also write the figures between the markers of this page.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def bench(
    names: tuple[str, ...], rounds: int, as_json: bool, markdown: Path | None, quiet: bool
) -> None:
    """Measure workloads beside their baselines, in the same run.

    \b
    WORKLOADS
      A            784-256-10 on Fashion-MNIST, 32 runs
      A-contended  the same while another process keeps a core busy
      B            200 linear models: polynomials of 1 to 20 terms
      C            100 linear models, cross-validated
      D            16 deeper networks with dropout
      E            100 configurations of a network x 5 folds
      memory       peak memory of A over all processes
      many         peak memory of 20,000 linear models
      help import  how long the package takes to start
      declare best how long 10,000 arms take to declare, and the best of 400 to find
      trials-random trials-tpe
                   how long a search over 100 trivial configurations takes
      put get      how long runs take into a store and out of it
    """
    from mlplab.bench.harness import choose, progress_bar, run_bench
    from mlplab.bench.markdown import split_page, to_markdown, update_page

    try:
        choose(names)
    except ConfigError as problem:
        raise click.UsageError(str(problem)) from None
    if markdown is not None:
        split_page(markdown)  # a page that cannot be written is found out before the long wait
    with nullcontext() if quiet else progress_bar() as report:
        rows = run_bench(names, rounds, report)
    if markdown is not None:
        update_page(markdown, rows)
    if as_json:
        click.echo(json.dumps([row.to_dict() for row in rows], indent=2))
    else:
        click.echo(to_markdown(rows), nl=False)
    failures = {
        f"{row.workload}, {name}: {why}" for row in rows for name, why in row.failures.items()
    }
    if failures:
        raise MlplabError(f"not everything was measured: {'; '.join(sorted(failures))}")
