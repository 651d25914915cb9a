"""`mlplab shift detect`: do two samples differ, by how much, and does it harm?"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.reading import Reading, reading_options
from mlplab.cli.screen import note, show_interval, show_number, write, write_line, write_table

if TYPE_CHECKING:
    from mlplab.cli.shift_tables import Pair
    from mlplab.shift import Detection

_SHOWN = 10


def _epsilon(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if not 0 <= value < 0.5:
        raise click.BadParameter(f"expected an AUC's distance from 0.5, below 0.5; got {value:g}")
    return value


@click.command()
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--label",
    metavar="COL",
    help="The column with labels, for the verdict on harm; B need not have it.",
)
@click.option(
    "--epsilon",
    type=float,
    default=0.05,
    show_default=True,
    callback=_epsilon,
    help="A shift matters if rows are told apart with an AUC above 0.5 + EPSILON.",
)
@click.option(
    "--permutations",
    metavar="P",
    callback=options.whole_from(19),
    default="199",
    show_default=True,
    help="Labellings beside the observed one.",
)
@click.option(
    "--classifier/--no-classifier",
    default=True,
    show_default=True,
    help="Whether networks learn every labelling too, for a p-value beside those that decide.",
)
@click.option(
    "--seed",
    metavar="S",
    callback=options.whole_from(0),
    default="0",
    show_default=True,
    help="Draws permutations, folds, and rows where there are many.",
)
@click.option(
    "--features",
    metavar="NAME",
    default="efficientnet-lite0",
    show_default=True,
    help="What makes numbers of images: efficientnet-lite0, resnet50 or pixels.",
)
@reading_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write a page of the results into this folder.",
)
@options.as_json
@options.quiet
def detect(
    first: Path,
    second: Path,
    label: str | None,
    epsilon: float,
    permutations: int,
    classifier: bool,
    seed: int,
    features: str,
    reading: Reading,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Say whether sample B is distributed like sample A: three verdicts.

    A and B are CSV or Parquet tables, .npy arrays, or folders of images. "shifted" asks whether
    they differ at all, "matters" whether by more than --epsilon, "harmful" whether a model's error
    rises: the mean error on labels of B where B has the column, or else, for classes, how easily
    networks that fit A contest what a model of A says of B.

    \b
    mlplab shift detect train.csv new.csv
    mlplab shift detect train.csv new.csv --label price --json
    mlplab shift detect photographs/ drawings/ --out reports
    """  # fmt: skip
    from mlplab.cli.samples import read_samples
    from mlplab.shift import detect as detect_shift

    pair, files = read_samples(first, second, label, reading, features, quiet)
    for line in pair.notes:
        note(line, quiet)
    if pair.left_out:
        note(f"not compared: {', '.join(pair.left_out)}", quiet)
    if label is not None and pair.second_labels is None:
        judged = "nothing is said of harm" if pair.is_number else "harm is judged without labels"
        note(f"{second} has no {label!r}: {judged}", quiet)
    found = detect_shift(
        pair.first,
        pair.second,
        target=pair.labels,
        second_target=pair.second_labels,
        epsilon=epsilon,
        n_permutations=permutations,
        classifier=classifier,
        seed=seed,
        progress=not quiet,
    )
    if as_json:
        write_json(found.plain())
    else:
        _show(found, files)
    if out is not None:
        page = _write_page(found, out, (first, second), pair, files)
        line = f"page: {page}"
        note(line, quiet) if as_json else write_line(line)


def _write_page(
    found: Detection,
    out: Path,
    places: tuple[Path, Path],
    pair: Pair,
    files: tuple[str, ...],
) -> Path:
    from mlplab.pages import write_page
    from mlplab.pages.shift_page import shift_report

    names = _names(places)
    report = shift_report(
        found,
        first=names[0],
        second=names[1],
        rows=pair.second if hasattr(pair.second, "iloc") else None,
        files=files,
        not_compared=pair.left_out,
        command=" ".join(["mlplab", *map(shlex.quote, sys.argv[1:])]),
    )
    return write_page(report, out, keep=places)


def _names(places: tuple[Path, Path]) -> tuple[str, str]:
    """Return what the samples are called: names of files, with folders where these are alike."""
    first, second = (path.resolve() for path in places)
    if first.name != second.name:
        return first.name, second.name
    return f"{first.parent.name}/{first.name}", f"{second.parent.name}/{second.name}"


def _show(found: Detection, files: tuple[str, ...]) -> None:
    for line in found.lines():
        write(line)
    click.echo()
    write_table(
        ("test", "p"),
        [(name, show_number(p)) for name, p in found.tests.items()],
        right=("p",),
    )
    if found.columns:
        click.echo()
        shown = found.columns[:_SHOWN]
        rows = [
            (one.name, show_number(one.p), show_number(one.size), str(found.changes[one.name]))
            for one in shown
        ]
        heads = "column", "p (Holm)", "size", "what changed"
        write_table(heads, rows, right=("p (Holm)", "size"))
        if len(found.columns) > _SHOWN:
            write(f"and {len(found.columns) - _SHOWN} further columns; --json has all")
    click.echo()
    names = [files[row] if files else f"row {row}" for row in found.most_unlike()]
    write(f"most unlike the first sample, rows counted from 0: {', '.join(names)}")
    size = show_number(found.detectable, 3)
    write(
        f"{found.judged[0]:,} and {found.judged[1]:,} rows would show an AUC of {size} of a known "
        f"score in 80 % of samples"
    )
    interval = show_interval(found.shifted.interval)
    write(f"AUC {show_number(found.shifted.size)} {interval}, {found.seconds:.0f} s")
