"""`python -m mlplab.bench.estimators`: compare, write the page and its figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from mlplab.bench.estimators.choices import CHOICES, DEFAULT
from mlplab.bench.estimators.contenders import OURS, contenders
from mlplab.bench.estimators.differences import differences
from mlplab.bench.estimators.figures import difference_figure, write_figure
from mlplab.bench.estimators.pages import (
    choices_finding,
    comparison_page,
    defaults_page,
    finding,
)
from mlplab.bench.estimators.scores import Make, Score, read_scores, score_models
from mlplab.bench.estimators.tables import Dataset, Kind, all_tables
from mlplab.bench.program import start
from mlplab.bench.versions import versions

COMMAND = "python -m mlplab.bench.estimators"
# digits alone would take as long as these together
SMALL = ("diabetes", "house prices", "breast cancer", "wine")


@click.command()
@click.option("--defaults", is_flag=True, help="What each default is worth, in place of rivals.")
@click.option("--splits", type=click.IntRange(5), default=10, show_default=True)
@click.option("--table", "names", multiple=True, help="Only this table; may be given again.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the page and of its figures; otherwise the page goes to standard output.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to keep scores in: an interrupted command goes on where it stopped. It does not "
    "know of changes to the code.",
)
@click.option("--quiet", is_flag=True, help="No lines of progress.")
def main(
    defaults: bool,
    splits: int,
    names: tuple[str, ...],
    out: Path | None,
    resume: Path | None,
    quiet: bool,
) -> None:
    """Compare the estimators' defaults with scikit-learn's models, or with themselves.

    Takes about four minutes of processor time. Without --table: all tables, and with --defaults
    all but digits.
    """
    tables = _chosen(names, SMALL if defaults else None)
    given = "".join(
        [" --defaults" if defaults else "", f" --splits {splits}" if splits != 10 else ""]
        + [f" --table {name!r}" for name in names]
    )
    command = f"{COMMAND}{given}"

    def report(line: str) -> None:
        if not quiet:
            click.echo(line, err=True)

    def keep(score: Score) -> None:
        if resume is not None:
            with resume.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(score)) + "\n")

    known = read_scores(resume) if resume is not None else []
    models = chosen_models if defaults else rivals
    scores = score_models(tables, models, splits, report=report, known=known, keep=keep)
    if defaults:
        found = differences(scores, [(one.name, DEFAULT) for one in CHOICES[1:]])
        figure = difference_figure(
            found,
            row=lambda one: one.model,
            title=choices_finding(found),
            axis="loss beside the defaults'",
            name="defaults-measured",
        )
        page = defaults_page(scores, found, command, versions(), figure.name)
    else:
        kinds: tuple[Kind, ...] = ("regression", "classification")
        others = dict.fromkeys(c.name for kind in kinds for c in contenders(kind) if c.name != OURS)
        found = differences(scores, [(OURS, other) for other in others])
        figure = difference_figure(
            found,
            row=lambda one: one.other,
            title=finding(found),
            axis="loss of mlplab's defaults beside the other's",
            name="estimators-compared",
        )
        page = comparison_page(
            scores,
            found,
            {kind: contenders(kind) for kind in kinds},
            command,
            versions(),
            figure.name,
        )
    if out is None:
        click.echo(page, nl=False)
        return
    write_figure(figure, out / "figures")
    (out / f"{figure.name}.md").write_text(page, encoding="utf-8")


def rivals(kind: Kind) -> Sequence[tuple[str, Make]]:
    """Return ours and scikit-learn's models by name."""
    return [(one.name, one.make) for one in contenders(kind)]


def chosen_models(kind: Kind) -> Sequence[tuple[str, Make]]:
    """Return the defaults and every departure from them that has a meaning."""
    found = [(choice.name, choice.make(kind)) for choice in CHOICES]
    return [(name, make) for name, make in found if make is not None]


def _chosen(names: Sequence[str], usual: Sequence[str] | None) -> list[Dataset]:
    tables = {table.name: table for table in all_tables()}
    unknown = [name for name in names if name not in tables]
    if unknown:
        raise click.UsageError(f"no table {unknown[0]!r}; there are: {', '.join(tables)}")
    if names:
        return [tables[name] for name in names]
    return [table for name, table in tables.items() if usual is None or name in usual]


if __name__ == "__main__":
    start(partial(main, prog_name=COMMAND))
