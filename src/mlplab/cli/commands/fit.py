"""`mlplab fit`: from a CSV file to a cross-validated model, a page and a submission."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.fit_files import TYPED
from mlplab.cli.one_of import OneOf
from mlplab.cli.reading import Reading, reading_options
from mlplab.cli.tables import (
    Asked,
    Places,
    asked_task,
    check_task,
    keep_inputs,
    read_tables,
    read_types,
)

if TYPE_CHECKING:
    from mlplab.store import Store
    from mlplab.tabular import TableModel

REPORTS = Path("reports")
MODEL, SUBMISSION = "model.mlplab", "submission.csv"
_FILE = click.Path(dir_okay=False, path_type=Path)
# What the page's numbers may take: a share of the time for training, between so many seconds.
_SHARE, _LEAST_SECONDS, _MOST_SECONDS = 0.15, 5.0, 30.0


class _Typed(click.Command):
    """A command that keeps the words it was given, for the page."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words, then read them."""
        ctx.meta[TYPED] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=_Typed)
@click.argument("train", type=_FILE, metavar="TRAIN.csv")
@click.option("--target", required=True, metavar="COL", help="The column to predict.")
@click.option("--test", type=_FILE, metavar="TEST.csv", help="Rows to predict.")
@click.option(
    "--submission",
    type=_FILE,
    metavar="OUT.csv",
    help="Where the predictions of --test go: ids, where there are any, and predictions."
    f"  [default: {SUBMISSION} in --out]",
)
@click.option(
    "--model",
    type=_FILE,
    help=f"Where the model goes.  [default: {MODEL} in --out]",
    metavar="FILE",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="The folder for the page and its numbers.  [default: reports/NAME-OF-TRAIN]",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    help="How long all may take, reading and the page included, about; small tables take less.",
)
@click.option(
    "--folds",
    type=click.IntRange(2),
    default=5,
    show_default=True,
    help="Folds of the cross-validation; fewer where there are less than two rows for each.",
)
@click.option(
    "--seed",
    metavar="S",
    default="0",
    show_default=True,
    callback=options.whole_from(0),
    help="Draws folds, weights and orders.",
)
@click.option(
    "--task",
    type=OneOf(["regression", "classification"]),
    help="What is predicted: numbers or classes.  [default: by the target; two different "
    "entries are classes, and so are few whole numbers]",
)
@click.option(
    "--metric",
    metavar="NAME",
    help="What chooses models: rmse, log-rmse, log-loss or accuracy.  [default: by the target]",
)
@click.option("--id", "id_column", metavar="COL", help="The column that names the rows.")
@click.option("--groups", metavar="COL", help="Rows with one entry here stay in one fold.")
@click.option(
    "--types",
    "types",
    multiple=True,
    metavar="COL=KIND,...",
    help="What columns are, where that is found wrongly: number, category, date, id, text, "
    "ignored; or levels in order, 'size=S<M<L'.",
)
@reading_options
@click.option(
    "--blend",
    is_flag=True,
    help="Also train scikit-learn's models, in a fifth of the minutes, and blend.",
)
@click.option(
    "--nested",
    is_flag=True,
    help="Also score the whole procedure, repeated without each fold in half of the time.",
)
@options.store
@options.device
@options.threads
@click.option(
    "--plan",
    "plan_only",
    is_flag=True,
    help="Print what would be read, trained and written, and train nothing.",
)
@options.as_json
@options.quiet
def fit(
    train: Path,
    target: str,
    test: Path | None,
    submission: Path | None,
    model: Path | None,
    out: Path | None,
    minutes: float,
    folds: int,
    seed: int,
    task: str | None,
    metric: str | None,
    id_column: str | None,
    groups: str | None,
    types: tuple[str, ...],
    reading: Reading,
    blend: bool,
    nested: bool,
    store_place: str | None,
    device: str,
    workers: int | None,
    plan_only: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fit a model to TRAIN.csv, and score it by cross-validation.

    Prints the task, the metric, what the columns were taken for, the score with its interval and
    the members, and writes the model, a page on it and, with --test, a submission. Rows whose
    target is missing are left out. Nothing of TEST.csv is used to train or choose. What separates
    cells, the encoding and how numbers and dates are written is recognised, and said.

    What a table is too large for in its minutes is left out, and said. Finished networks are kept
    in the store: Ctrl-C makes the model of what has finished, and the same command goes on, to the
    model that it would have had.

    \b
    mlplab fit train.csv --target SalePrice --metric log-rmse
    mlplab fit train.csv --target SalePrice --test test.csv --submission out.csv
    mlplab fit train.csv --target label --types 'code=category,size=S<M<L' --minutes 1
    """
    started = time.monotonic()
    if submission is not None and test is None:
        raise click.UsageError("--submission: --test says which rows to predict; give it too")
    folder = out or REPORTS / train.stem
    places = Places(folder, model or folder / MODEL, submission)
    outputs = {"--model": places.model, "--submission": places.submission}
    keep_inputs((train, test), outputs)
    for name, path in outputs.items():
        if path is not None and path.absolute() in (folder.absolute(), *folder.absolute().parents):
            raise click.UsageError(f"{name} {path}: the page's folder is there; name another")
        if path is not None and path.absolute() == (folder / "index.html").absolute():
            raise click.UsageError(f"{name} {path}: the page is written there; name another")
    asked = read_tables(
        train,
        test,
        target=target,
        types=read_types(types),
        reading=reading,
        task=asked_task(task, metric),
        id_column=id_column,
        groups=groups,
    )
    if test is not None and submission is None:
        places = Places(folder, places.model, folder / SUBMISSION)
        keep_inputs((train, test), {**outputs, "--submission": places.submission})
    settings: dict[str, Any] = {
        "task": task,
        "metric": metric,
        "minutes": minutes,
        "n_folds": folds,
        "seed": seed,
        "blend": blend,
        "nested": nested,
    }
    check_task(asked.train, task, metric)
    from mlplab.cli import fit_show
    from mlplab.cli.documents import write_json
    from mlplab.cli.fit_files import make_folders, write_fit_page, write_model
    from mlplab.cli.screen import note
    from mlplab.durations import spell_seconds
    from mlplab.errors import Interrupted
    from mlplab.store import Store

    store = Store(store_place)
    if plan_only:
        fit_show.show_plan(asked, places, settings, store.where, as_json)
        return
    make_folders(places)
    if not as_json:
        fit_show.show_tables(asked, settings)
    settings |= {"store": store, "device": device, "threads": workers, "started": started}
    model_of = _trained(asked, settings, quiet)
    kept = write_model(model_of, asked, places)
    if not as_json:
        fit_show.show_score(model_of, asked, kept, places)
    if model_of.interrupted:
        if as_json:
            write_json(fit_show.document(model_of, asked, places, kept, None, settings))
        raise Interrupted(
            f"interrupted: this is of the {len(model_of.tried)} configurations that had finished, "
            "without a page; the same command goes on"
        )
    seconds = min(max(_SHARE * minutes * 60, _LEAST_SECONDS), _MOST_SECONDS)
    note(f"page: computing its numbers, about {spell_seconds(seconds)}", quiet)
    written = write_fit_page(model_of, asked, places, kept, seconds, (train, test))
    if as_json:
        write_json(fit_show.document(model_of, asked, places, kept, written, settings))
    else:
        fit_show.show_page(asked, written)
    if kept.refused is not None:
        raise kept.refused


def _trained(asked: Asked, settings: dict[str, Any], quiet: bool) -> TableModel:
    """Fit, until the time or a first Ctrl-C ends it; a second one leaves at once.

    Raises:
        Interrupted: nothing had finished.
    """
    from mlplab.cli.first_interrupt import first_interrupt
    from mlplab.cli.progress import show_progress
    from mlplab.errors import Interrupted
    from mlplab.tabular import fit_table

    store: Store = settings["store"]
    try:
        with first_interrupt(quiet) as stop, show_progress("fit", quiet) as progress:
            return fit_table(
                asked.train.frame,
                asked.train.schema.target,
                schema=asked.train.schema,
                groups=asked.groups,
                progress=progress,
                stop=stop,
                **settings,
            )
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted(
            "interrupted: no model was written; networks that had finished are kept in "
            f"{store.where}, and the same command continues from there"
        ) from None
