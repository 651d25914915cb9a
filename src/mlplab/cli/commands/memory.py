"""`mlplab memory`: what training a population would take, by part; nothing is trained."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.base_run import read_flags
from mlplab.cli.documents import write_json
from mlplab.cli.flags import SpecCommand, spec_flags
from mlplab.cli.screen import write, write_table
from mlplab.loading import without_collection

if TYPE_CHECKING:
    from mlplab.theory.memory import PopulationMemory

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def read_size(ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    """Read a size such as 2GiB or 500MB.

    Raises:
        click.BadParameter: it is none.
    """
    if text is None:
        return None
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([a-zA-Z]*)\s*", text)
    if match is None or match[2].lower() not in _UNITS or not float(match[1]):
        raise click.BadParameter(f"expected a size such as 2GiB or 500MB; got {text!r}")
    return int(float(match[1]) * _UNITS[match[2].lower()])


@click.command(cls=SpecCommand)
@click.option("--features", metavar="N", callback=options.whole_from(1), required=True,
              help="Features of an example.")  # fmt: skip
@click.option("--outputs", metavar="N", callback=options.whole_from(1), required=True,
              help="Classes, or with --kind regression numbers.")  # fmt: skip
@click.option("--kind", type=click.Choice(["classification", "regression"]),
              default="classification", show_default=True, help="Of the targets.")  # fmt: skip
@click.option("--rows", metavar="N", callback=options.whole_from(1),
              help="Rows to train and validate on.  [default: ten batches]")  # fmt: skip
@click.option("--test-rows", metavar="N", callback=options.whole_from(0),
              help="Rows of the test split.  [default: 0]")  # fmt: skip
@click.option("--runs", "n_runs", metavar="N", callback=options.whole_from(1),
              help="Runs of the population, a seed each.  [default: 1]")  # fmt: skip
@click.option("--fits", "budget", metavar="SIZE", callback=read_size,
              help="Say whether the whole process fits this size, such as 2GiB, and the largest "
              "population and batch that do.")  # fmt: skip
@options.imports
@options.as_json
@spec_flags()
def memory(
    features: int,
    outputs: int,
    kind: str,
    rows: int | None,
    test_rows: int | None,
    n_runs: int | None,
    budget: int | None,
    as_json: bool,
    **texts: str | None,
) -> None:
    """Predict the memory of one process that trains a population.

    The base is the process before any run, with the libraries loaded and the data in memory;
    training is what comes on top at its worst moment. More runs than train at a time take turns.
    Other flags are those of `mlplab train`.

    \b
    mlplab memory --features 784 --outputs 10 --hidden 4096,4096 --optimizer adam --runs 64
    mlplab memory --features 784 --outputs 10 --hidden 256 --fits 2GiB
    """
    described = read_flags(texts)
    with without_collection():
        from mlplab.theory.memory import (
            DataShape,
            largest_batch,
            largest_population,
            population_memory,
        )

    run, runs = described.base, n_runs or 1
    shape = DataShape(
        features,
        outputs,
        n_rows=rows or 10 * run.fit.batch_size,
        valid=described.valid,
        n_test=test_rows or 0,
        kind=kind,
    )
    found = population_memory(run, shape, runs)
    base = _base_bytes() + 4 * (features + 2) * (shape.n_rows + shape.n_test)
    document: dict[str, Any] = {
        "train_bytes": found.train_bytes,
        "predict_bytes": found.predict_bytes,
        "base_bytes": base,
        "parts": found.parts,
        "fits": None,
        "largest_runs": None,
        "largest_batch": None,
    }
    if budget is not None:
        left = budget - base
        document["fits"] = found.train_bytes <= left
        document["largest_runs"] = largest_population(run, shape, left)
        document["largest_batch"] = largest_batch(run, shape, runs, left)
    if as_json:
        write_json(document)
        return
    _show(found, document, runs, budget)


def _show(
    found: PopulationMemory, document: dict[str, Any], n_runs: int, budget: int | None
) -> None:
    if budget is not None:
        whole = document["base_bytes"] + found.train_bytes
        answer = "yes" if document["fits"] else "no"
        write(f"{answer}: {_mebibytes(whole)} of {_mebibytes(budget)}")
        write(f"largest population with this batch: {document['largest_runs']:,} runs")
        write(f"largest batch with {n_runs:,} runs: {document['largest_batch']:,}")
    together = f"{found.at_a_time:,} of {n_runs:,} runs" if n_runs > found.at_a_time else "all runs"
    write(f"training: {_mebibytes(found.train_bytes)}, {together} at a time ({found.path})")
    rows = [(name, _mebibytes(size)) for name, size in found.parts.items()]
    write_table(("part", "memory"), rows, right=("memory",))
    write(f"prediction: {_mebibytes(found.predict_bytes)}")
    write(f"before any run: {_mebibytes(document['base_bytes'])}")


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def _base_bytes() -> int:
    """Return what this process takes, whose libraries are loaded; 0 where none can say."""
    from mlplab.theory.resident import resident_bytes

    try:
        return resident_bytes()
    except OSError:
        return 0
