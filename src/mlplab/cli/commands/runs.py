"""`mlplab runs`: the finished runs that a store holds: listed, shown one by one, exported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.groups import DefaultGroup
from mlplab.cli.one_of import OneOf
from mlplab.cli.screen import note, write
from mlplab.cli.streams import write_as_it_is
from mlplab.cli.tables import keep_inputs
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    from mlplab.experiment.kept import Kept

F = TypeVar("F", bound=Callable[..., Any])

_STATUSES = ("finished", "diverged", "stopped")  # of an outcome, without loading the specs
_FORMATS = ("csv", "parquet")
_TRACKERS = ("mlflow", "tensorboard")  # of `experiment.tracking`, without loading it
_LISTED, _SHOWN, _EXPORTED = "runs listed", "a run shown", "runs exported"
_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}


def _filters(command: F) -> F:
    """Add the options that say which runs are meant."""
    decorators: list[Callable[[Any], Any]] = [
        click.option(
            "--task",
            metavar="DATA",
            shell_complete=options.names_of_data_sets,
            help="Runs on these data, by the name they were loaded by.",
        ),
        click.option(
            "--where",
            multiple=True,
            metavar="FACTOR=VALUE,...",
            help="Runs with this value, or one of these, given or by default: lr=0.1, "
            "hidden=64x32, optimizer=adam, seed=3; may be repeated, and then all must hold.",
        ),
        click.option(
            "--metric",
            "metrics",
            multiple=True,
            metavar="METRIC",
            help="Runs that recorded it, such as valid_accuracy; may be repeated.",
        ),
        click.option(
            "--experiment",
            metavar="NAME",
            help="Runs that an experiment asked for, by its name or what that begins with: "
            "4.2.1 is an exercise in every profile.",
        ),
        click.option(
            "--status",
            type=OneOf(_STATUSES),
            metavar="|".join(_STATUSES),
            help="Runs that ended so.",
        ),
        options.store,
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


@click.group(cls=DefaultGroup, default="list")
def runs() -> None:
    """Finished runs: list them (the default), show one, export them.

    `mlplab runs list --help` explains the options that say which runs are meant. They can stand
    beside each other, and then all must hold.

    \b
    mlplab runs --task digits --where lr=0.1 --metric valid_accuracy
    """


@runs.command("list")
@_filters
@click.option(
    "--limit",
    metavar="N",
    default="20",
    show_default=True,
    callback=options.whole_from(0),
    help="The newest N of them; 0 is all.",
)
@options.as_json
def list_(limit: int, as_json: bool, **asked: Any) -> None:
    """List finished runs, the newest first: data, settings, seed, how they ended, last values.

    Settings are what differs from the defaults of `mlplab train --help`. Values of the test split
    are shown when --metric asks for them, and that is a look, kept in the store. --json gives
    `total`, and for each of `runs` key, task, factors, seed, status, epochs, provenance, time and
    the last value of each of its metrics.

    \b
    mlplab runs --task fashion-mnist --where lr=0.1 --where hidden=64
    mlplab runs --experiment 4.2.1 --metric valid_accuracy --status finished
    """
    from mlplab.cli.kept_runs import as_documents, look_at_test, write_runs

    everything, kept = _select(**asked)
    shown = kept.newest(limit) if limit else kept
    metrics, experiment = asked["metrics"], asked["experiment"] or _LISTED
    looked = look_at_test(kept.store, metrics, experiment, len(shown), _LISTED)
    if as_json:
        for line in looked:
            note(line)
        write_json({"runs": as_documents(shown, metrics), "total": len(kept)})
        return
    if not kept.runs:
        write(_none(everything))
        return
    write_runs(shown, len(kept), metrics, everything.digits_apart())
    more = len(kept) - len(shown)
    if more:
        write(f"and {more} more: --limit 0 lists all {len(kept)}")
    for line in looked:
        write(line)


@runs.command()
@click.argument("key", metavar="KEY")
@options.store
@options.as_json
def show(key: str, store_place: str | None, as_json: bool) -> None:
    """Show the run whose key begins with KEY: what it is, its course, and what rests on it.

    Metrics of the test split are shown with the others, and that is a look, kept in the store.
    --json gives what --json of `runs list` says of it, and best_epoch, diverged_epoch, seconds,
    n_params, the whole `run`, its provenance in words, whether its weights are kept, the history of
    each metric, its experiments and their verdicts.
    """
    from mlplab.cli.kept_runs import as_document, look_at_test, write_run
    from mlplab.experiment.kept import kept_runs
    from mlplab.store import Store

    kept = kept_runs(Store(store_place, create=store_place is None))
    document = as_document(kept.find(key), kept)
    experiment = "; ".join(document["experiments"]) or f"run {document['key']}"
    looked = look_at_test(kept.store, document["history"], experiment, 1, _SHOWN)
    if as_json:
        for line in looked:
            note(line)
        write_json(document)
        return
    write_run(document)
    for line in looked:
        write(line)


@runs.command()
@_filters
@click.option(
    "--to",
    type=OneOf((*_FORMATS, *_TRACKERS)),
    metavar="|".join((*_FORMATS, *_TRACKERS)),
    help="The format, or who gets them.  [default: by the file's ending]",
)
@click.option(
    "--out",
    metavar="FILE|FOLDER|URI",
    help="Where to: a file; a folder for tensorboard; a tracking URI for mlflow.  [default: "
    "standard output for csv, a folder tensorboard, MLFLOW_TRACKING_URI or else mlflow.db here]",
)
@click.option("--last", is_flag=True, help="Only the last epoch of each run, in a file.")
@options.as_json
@options.quiet
def export(
    to: str | None, out: str | None, last: bool, as_json: bool, quiet: bool, **asked: Any
) -> None:
    """Write runs as a tidy table, one row per run and epoch, or hand them on to a tracker.

    The newest run comes first. Columns are those of `Runs.frame()`, with the name of the data: key,
    task, arm, seed, a column for every setting that differs from its default in one of the runs,
    epoch, status, diverged_epoch, provenance, and the metrics. --to parquet needs pyarrow. --json
    gives out, format, n_runs, n_rows.

    --to mlflow and --to tensorboard write what `--track` writes while runs train: each experiment,
    below it its runs, or its arms where it has more than 1,000 runs; docs/tracking.md has the
    details. What is there already is left as it is. --json gives out, format, n_runs.

    Metrics of the test split are among them: that is a look, kept in the store.

    \b
    mlplab runs export --experiment 4.2.1 --to csv --out runs.csv
    mlplab runs export --task digits --last --out runs.parquet
    mlplab runs export --task digits --to tensorboard --out logs
    """
    if out is not None and not out.strip():
        raise click.UsageError("--out: expected a file, a folder or a URI; got an empty text")
    if to in _TRACKERS:
        if last:
            raise click.UsageError(f"--last: --to {to} takes whole curves")
        _hand_on(to, out, as_json, quiet, asked)
    else:
        _write_file(to, None if out is None else Path(out), last, as_json, quiet, asked)


def _write_file(
    to: str | None, out: Path | None, last: bool, as_json: bool, quiet: bool, asked: dict[str, Any]
) -> None:
    to = to or _format_of(out)
    if out is None and (to != "csv" or as_json):
        what = f"--to {to}" if to != "csv" else "--json"
        raise click.UsageError(f"{what}: needs --out FILE, for standard output takes CSV alone")
    from mlplab.cli.kept_runs import look_at_test
    from mlplab.cli.progress import show_progress
    from mlplab.experiment.export import export_runs

    everything, kept = _select(**asked)
    keep_inputs(kept.store.files, {"--out": out})
    if not kept.runs:
        raise ConfigError(f"{_none(everything)}: nothing is exported")
    look = partial(look_at_test, kept.store, kept.metrics, asked["experiment"] or _EXPORTED)
    # Who reads from a pipe may stop early, and has looked; a file that fails shows nothing.
    looked = look(len(kept), _EXPORTED) if out is None else []
    with show_progress("export", quiet) as progress:
        if out is None:
            write_as_it_is()
        target = sys.stdout if out is None else out
        n_rows = export_runs(kept, target, to, last=last, progress=progress)
    for line in looked or look(len(kept), _EXPORTED):
        note(line, quiet)
    if out is None:
        return
    if as_json:
        write_json({"out": str(out), "format": to, "n_runs": len(kept), "n_rows": n_rows})
    else:
        write(f"{out}: {n_rows} rows of {len(kept)} runs")


def _hand_on(to: str, out: str | None, as_json: bool, quiet: bool, asked: dict[str, Any]) -> None:
    from mlplab.cli.kept_runs import look_at_test
    from mlplab.cli.progress import show_progress
    from mlplab.experiment.tracking import export_to, open_destination

    everything, kept = _select(**asked)
    if not kept.runs:
        raise ConfigError(f"{_none(everything)}: nothing is exported")
    destination = open_destination(to if out is None else f"{to}={out}")
    name = asked["experiment"]
    if name is not None and not kept.knows(name):
        name = _id_of(name)
    with show_progress("export", quiet) as progress:
        n_runs = export_to(kept, destination, name, progress=progress)
    for line in look_at_test(kept.store, kept.metrics, name or _EXPORTED, n_runs, _EXPORTED):
        note(line, quiet)
    if as_json:
        write_json({"out": destination.where, "format": to, "n_runs": n_runs})
    else:
        write(f"{destination.where}: {n_runs} run{'' if n_runs == 1 else 's'}")


def _select(
    task: str | None,
    where: tuple[str, ...],
    metrics: tuple[str, ...],
    experiment: str | None,
    status: str | None,
    store_place: str | None,
) -> tuple[Kept, Kept]:
    """Return all runs of the store, and those that are meant.

    Raises:
        MlplabError: a name that nothing here has, or a value that its factor cannot have.
    """
    from mlplab.cli.where import read_where
    from mlplab.experiment.kept import Asked, kept_runs
    from mlplab.store import Store

    everything = kept_runs(Store(store_place, create=store_place is None))
    conditions = read_where(where, everything.settings)
    if experiment is not None and not everything.knows(experiment):
        experiment = _id_of(experiment)
    asked = Asked(task, experiment, conditions, metrics, status)
    return everything, everything.select(asked)


def _format_of(out: Path | None) -> str:
    ending = ".csv" if out is None else out.suffix.lower()
    if ending not in _ENDINGS:
        known = ", ".join(_ENDINGS)
        raise click.UsageError(f"--out {out}: expected a name in {known}, or --to with the format")
    return _ENDINGS[ending]


def _id_of(name: str) -> str:
    """Return the id of an exercise for its slug; its experiments are named after the id."""
    from mlplab.exercises import list_exercises

    return next((one.id for one in list_exercises() if one.slug == name), name)


def _none(everything: Kept) -> str:
    where = everything.store.where
    if not everything.runs:
        return f"{where} holds no finished runs yet"
    return f"none of the {len(everything)} runs in {where} fits"
