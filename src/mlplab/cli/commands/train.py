"""`mlplab train`: one configuration, many seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlplab.cli.base_run import read_flags
from mlplab.cli.documents import write_json
from mlplab.cli.flags import SpecCommand, spec_flags
from mlplab.cli.options import chosen_seeds
from mlplab.cli.population import (
    Setting,
    load_data,
    population_options,
    tell_defaults,
    train_population,
    write_report,
)
from mlplab.cli.tracking import handing_on
from mlplab.cli.unused import refuse_idle, refuse_page_of_plan

if TYPE_CHECKING:
    from mlplab.experiment import Runs
    from mlplab.specs.clusters import Cluster


@click.command(cls=SpecCommand)
@population_options
@spec_flags()
@click.pass_context
def train(
    ctx: click.Context,
    /,
    data: str,
    params: tuple[str, ...],
    seed: int | None,
    n_seeds: int | None,
    store_place: str | None,
    device: str,
    workers: int | None,
    cluster: Cluster | None,
    destinations: tuple[str, ...],
    keep_weights: bool,
    out: Path | None,
    plan_only: bool,
    as_json: bool,
    quiet: bool,
    **texts: str | None,
) -> None:
    """Train a population on DATA: one configuration with several seeds.

    Prints each metric's mean over the seeds with its 95 % interval. Finished runs are taken from
    the store, so an interrupted command continues where it stopped. DATA is a name from
    `mlplab data list`. What is not said is as the data set has it (`mlplab data list --json`),
    else as below; data sets of your own (--import) get what suits their size.

    \b
    mlplab train digits --hidden 64 --lr 0.3 --seeds 16
    mlplab train fashion-mnist --optimizer adam --epochs 5 --valid 0.1 --json
    """
    seeds = chosen_seeds(seed, n_seeds)
    from mlplab.data import base_for, base_of

    described = read_flags(texts, base=base_of(data))
    setting = Setting(
        store_place, device, workers, keep_weights, plan_only, as_json, quiet, out, cluster
    )
    task = load_data(data, described.valid, params, quiet)
    base = read_flags(texts, base=base_for(task)).base
    refuse_idle(ctx, base)
    refuse_page_of_plan(ctx)
    tell_defaults(task, base, quiet)
    from mlplab.experiment import Experiment

    with handing_on(destinations, quiet) as tracker:
        setting = replace(setting, tracker=tracker)
        runs = train_population(Experiment(task, base, seeds=seeds), setting, "train")
    if runs is not None:
        _show(runs, setting)
        write_report(runs, setting)


def _show(runs: Runs, setting: Setting) -> None:
    from mlplab.cli.results import as_rows, as_summary, headline, remarks, summaries
    from mlplab.cli.screen import note, show_interval, show_number, write, write_table

    found = summaries(runs)
    (arm,) = runs.arms
    if setting.as_json:
        for line in remarks(runs):
            note(line, setting.quiet)
        write_json(
            {
                "runs": as_rows(runs),
                "summary": as_summary(found, arm),
                "seconds": runs.seconds,
                "from_store": runs.from_store,
            }
        )
        return
    write(headline(runs))
    rows = [
        (metric, show_number(one.mean), show_interval(one.interval), str(one.n_seeds))
        for metric, by_arm in found.items()
        for one in by_arm.values()
    ]
    write_table(("metric", "mean", "95 % interval", "seeds"), rows, right=("mean", "seeds"))
    for line in remarks(runs):
        write(line)
