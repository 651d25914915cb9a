"""Training a population from the command line: what `train` and `sweep` have in common."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlplab.cli import options
from mlplab.cli.clusters import cluster_options
from mlplab.cli.flags import default_of
from mlplab.cli.levels import show_level
from mlplab.cli.screen import note, show_log, write_line
from mlplab.specs import Run, Spec

if TYPE_CHECKING:
    from mlplab.data import Task
    from mlplab.experiment import Experiment, Runs
    from mlplab.experiment.tracking import Tracker
    from mlplab.search import SearchResult
    from mlplab.specs.clusters import Cluster

_TABLES = (".csv", ".tsv", ".csv.gz", ".txt", ".parquet", ".xlsx")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Setting:
    """How a population is trained and shown; none of it changes a result."""

    store_place: str | None
    device: str
    workers: int | None
    keep_weights: bool
    plan_only: bool
    as_json: bool
    quiet: bool
    out: Path | None = None
    cluster: Cluster | None = None
    tracker: Tracker | None = None


def population_options(command: F) -> F:
    """Add the argument DATA and the options that do not describe the run."""
    decorators: list[Callable[[Any], Any]] = [
        click.argument("data", shell_complete=options.names_of_data_sets),
        click.option(
            "--param",
            "params",
            multiple=True,
            metavar="NAME=VALUE",
            help="A parameter of the data set, such as n_train=500; of every data set: permute=7, "
            "one random order of the features, and bins=4, each feature by how far it fills so "
            "many bins. May be repeated.",
        ),
        options.imports,
        options.seeds(),
        options.seed,
        options.store,
        options.device,
        options.threads,
        cluster_options,
        options.track,
        click.option("--keep-weights", is_flag=True, help="Also keep the weights of every run."),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            help="Also write a page of the results into this folder.",
        ),
        options.plan,
        options.as_json,
        options.quiet,
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def load_data(name: str, valid: Any, params: Sequence[str], quiet: bool) -> Task:
    """Load a data set by name; fetching it is told on standard error.

    Args:
        name: as typed.
        valid: share or count held out; None takes the data set's own, for what chooses.
        params: texts NAME=VALUE.
        quiet: tell nothing.

    Raises:
        click.UsageError: a parameter without a value.
        ConfigError: an unknown data set or parameter.
        DataError: it cannot be found.
    """
    given = _read_params(params)
    if os.path.isfile(name) or name.lower().endswith(_TABLES):
        raise click.UsageError(
            f"DATA: expected a data set's name; got the file {name}, which "
            f"`mlplab fit {name} --target COLUMN` trains on"
        )
    from mlplab.data import load_task, valid_of

    with show_log(quiet):
        return load_task(name, valid=valid_of(name) if valid is None else valid, **given)


def tell_defaults(task: Task, base: Run, quiet: bool, varied: Collection[str] = ()) -> None:
    """Say on standard error which settings are the data set's own and not those of the help."""
    from mlplab.data import base_for

    own, plain = base_for(task), Run()
    told = []
    for part in ("net", "optim", "fit"):
        here, used = getattr(own, part), getattr(base, part)
        if part in varied or type(here) is not type(used):
            continue
        if type(here) is not type(getattr(plain, part)):
            told.append(str(here.kind))
        told += [
            f"{name}={_spell(value)}"
            for name, field in type(here).model_fields.items()
            if f"{part}.{name}" not in varied
            and (value := getattr(here, name)) == getattr(used, name)
            and value != default_of(field)
        ]
    if told:
        note(f"{task.name}: its own defaults, {' '.join(told)}", quiet)


def _spell(value: Any) -> str:
    if not isinstance(value, Spec):
        return show_level(value)
    said = [f"{key}={show_level(part)}" for key, part in value.canonical().items() if key != "kind"]
    return getattr(value, "kind", "") + (f"({','.join(said)})" if said else "")


def train_population(
    experiment: Experiment, setting: Setting, label: str, besides: str = ""
) -> Runs | None:
    """Train what an experiment lacks, or with `--plan` print what that would cost.

    Args:
        experiment: what is trained.
        setting: how.
        label: of the progress bar.
        besides: what is trained after it, for the plan to name.

    Returns:
        The results; None if only the plan was asked for.
    """
    from mlplab.store import Store

    store = Store(setting.store_place)
    if setting.plan_only:
        from mlplab.cli.plans import write_plans
        from mlplab.engine.device import device_of
        from mlplab.experiment import backend_of

        device = setting.cluster.device if setting.cluster else setting.device
        found = experiment.plan(store, keep_weights=setting.keep_weights, device=device)
        page = found.page(experiment.data, backend_of(setting.cluster), setting.workers)
        device_of(setting.device)
        words = [besides] if besides else []
        if setting.device != "cpu":
            words.append(f"--device {setting.device}: the time is that of this machine's cores")
        elif device != "cpu":
            words.append("--gpus 1: the time is that of cores")
        write_plans([page | ({"besides": words} if words else {})], setting.as_json)
        return None
    from mlplab.cli.progress import show_progress

    with show_progress(label, setting.quiet) as progress:
        return experiment.run(
            store,
            workers=setting.workers,
            device=setting.device,
            on=setting.cluster,
            keep_weights=setting.keep_weights,
            progress=progress,
            track=setting.tracker,
        )


def write_report(
    runs: Runs | SearchResult,
    setting: Setting,
    metric: str | None = None,
    matters: float | None = None,
) -> None:
    """Write the page of the results, where one is wanted, and say where it is."""
    if setting.out is None:
        return
    from mlplab.pages.write_report import report

    words = [shlex.quote(word) for word in sys.argv[1:]]
    command = " ".join(["mlplab", *words])
    page = report(runs, setting.out, metric=metric, matters=matters, command=command)
    if setting.as_json:
        note(f"page: {page}", setting.quiet)
    else:
        write_line(f"page: {page}")


def _read_params(params: Sequence[str]) -> Mapping[str, Any]:
    given = {}
    for text in params:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.UsageError(f"--param: expected NAME=VALUE; got {text!r}")
        try:
            given[name.strip().replace("-", "_")] = json.loads(value)
        except ValueError:
            given[name.strip().replace("-", "_")] = value
    return given
