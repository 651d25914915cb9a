"""`mlplab sweep`: many configurations, and the choice among them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli.base_run import Described, read_flags
from mlplab.cli.flags import SpecCommand, default_of, spec_flags
from mlplab.cli.options import chosen_seeds, whole_from
from mlplab.cli.population import (
    Setting,
    load_data,
    population_options,
    tell_defaults,
    train_population,
    write_report,
)
from mlplab.cli.screen import note
from mlplab.cli.tracking import handing_on
from mlplab.cli.unused import (
    overruled,
    refuse_given,
    refuse_idle,
    refuse_page_of_plan,
    refuse_unused,
)
from mlplab.cli.values import (
    OPTIMISER,
    field_at,
    field_path,
    plain_name,
    read_field,
    read_module,
    read_number,
    read_optimiser,
    split_values,
)
from mlplab.hints import hint
from mlplab.specs import MLP, OPTIMISERS, Difference, Run
from mlplab.specs.strategies import STRATEGY_NAMES

if TYPE_CHECKING:
    from mlplab.search import Range
    from mlplab.specs import Optimiser
    from mlplab.specs.clusters import Cluster

_RANGE = re.compile(r"(?P<low>[^.:]*\.?[^.:]*?)\.\.(?P<high>[^:]+)(?P<log>:log)?")
_MATTERS = Difference.model_fields["matters"]


def _known_search(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value not in STRATEGY_NAMES:
        raise click.BadParameter(f"there is no search {value!r}; {hint(value, STRATEGY_NAMES)}")
    return value


def _matters_at_all(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if not 0 < value < float("inf"):
        raise click.BadParameter(f"expected a finite number above 0; got {value:g}")
    return value


@click.command(cls=SpecCommand)
@population_options
@click.option(
    "--vary",
    multiple=True,
    required=True,
    metavar="FIELD=VALUE,...",
    help="A field and its values; may be repeated. Commas separate values, x the numbers inside "
    "one: hidden=64,256x128. A search also takes ranges: lr=0.001..1:log, batch-size=16..512:log.",
)
@click.option(
    "--search",
    default=STRATEGY_NAMES[0],
    show_default=True,
    metavar=f"[{'|'.join(STRATEGY_NAMES)}]",
    callback=_known_search,
    help="How configurations are chosen; grid tries every combination, the others spend a budget.",
)
@click.option(
    "--budget",
    metavar="N",
    callback=whole_from(1),
    help="Run-epochs that a search may spend before the finalists.  [default: 20 trainings]",
)
@click.option(
    "--trial-seeds",
    metavar="N",
    callback=whole_from(1),
    default="1",
    show_default=True,
    help="Seeds of each configuration in a search; --seeds are those of the finalists.",
)
@click.option(
    "--finalists",
    metavar="N",
    callback=whole_from(1),
    default="3",
    show_default=True,
    help="Configurations of a search that are trained again with fresh seeds.",
)
@click.option(
    "--search-seed",
    metavar="N",
    callback=whole_from(0),
    default="0",
    show_default=True,
    help="Of the search's own draws.",
)
@click.option(
    "--study",
    metavar="FILE|URL",
    help="Where a search's trials are written for Optuna's dashboard.",
)
@click.option(
    "--better",
    type=click.Choice(["higher", "lower"]),
    help="Which way --metric is better; needed for a metric of your own.",
)
@click.option(
    "--metric",
    help="What chooses; never of the test split.  [default: valid_accuracy, or valid_rmse for "
    "numbers]",
)
@click.option(
    "--matters",
    type=float,
    default=default_of(_MATTERS),
    show_default=True,
    callback=_matters_at_all,
    help=f"{_MATTERS.description}",
)
@click.option(
    "--score-test",
    is_flag=True,
    help="Train the chosen configuration with as many fresh seeds, and score it on the test "
    "split: one logged look.",
)
@spec_flags({"valid": "the data set's, mostly 0.1 or 0.2"}, test="never")
@click.pass_context
def sweep(
    ctx: click.Context,
    /,
    data: str,
    params: tuple[str, ...],
    vary: tuple[str, ...],
    search: str,
    budget: int | None,
    trial_seeds: int,
    finalists: int,
    search_seed: int,
    study: str | None,
    better: str | None,
    metric: str | None,
    matters: float,
    score_test: bool,
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
    """Train many configurations on DATA and choose among them on validation rows.

    Prints every configuration's mean with its 95 % interval, the one that is chosen, those that
    it cannot be told from, and how much choosing flatters it. The test split is left alone unless
    --score-test asks for the chosen one's score.

    With --search, configurations are tried with one seed each until the budget is spent; the best
    are then trained again with --seeds fresh seeds, and the choice is made among these. An option
    that the chosen way to search has no use for is refused.

    The JSON document is that of `mlplab train`, its "summary" being that of the chosen
    configuration, with "arms", "best" and "test" besides.

    \b
    mlplab sweep digits --vary lr=0.03,0.1,0.3 --vary hidden=64,256x128 --epochs 5
    mlplab sweep digits --vary optimizer=sgd,adam --vary dropout=0,0.2 --score-test
    mlplab sweep digits --vary lr=0.001..3:log --vary hidden=16,64,256 --search tpe --budget 400
    """
    refuse_unused(ctx, search)
    refuse_page_of_plan(ctx)
    seeds = chosen_seeds(seed, n_seeds)
    higher = None if better is None else better == "higher"
    from mlplab.data import base_for, base_of

    described, factors = read_vary(vary, texts, base_of(data))
    setting = Setting(
        store_place, device, workers, keep_weights, plan_only, as_json, quiet, out, cluster
    )
    valid = None if texts["valid"] is None else described.valid
    task = load_data(data, valid, params, quiet)
    described, factors = read_vary(vary, texts, base_for(task))
    refuse_idle(ctx, described.base, factors)
    tell_defaults(task, described.base, quiet, factors)
    for flag in overruled(ctx, factors):
        note(f"{flag} has no effect: --vary says the values of this field", quiet)
    from mlplab.cli.sweep_choice import HOLD_OUT, choice_of, choose, score, show

    if search != "grid":
        # What the space says of metrics, the search checks in each of its corners.
        measured = {"fit", "fit.measures"} & set(factors)
        choice = choice_of(task, [] if measured else [described.base], metric, higher)
        if choice is None:
            raise click.UsageError(f"--search: nothing chooses; {HOLD_OUT}")
        metric, higher = choice
        from mlplab.search import Search

        planned = Search(
            task,
            described.base,
            factors,
            search,
            budget=budget,
            seeds=trial_seeds,
            finalists=finalists,
            finalist_seeds=len(seeds),
            metric=metric,
            higher_is_better=higher,
            matters=matters,
            search_seed=search_seed,
        )
        from mlplab.cli import sweep_search

        if study is not None:
            sweep_search.check_study(study)
        with handing_on(destinations, quiet) as tracker:
            setting = replace(setting, tracker=tracker)
            result = sweep_search.run_search(planned, setting)
            if study is not None:
                sweep_search.write_study(result, study, setting)
            test = sweep_search.score(result, setting) if score_test else None
        sweep_search.show_search(result, test, setting)
        write_report(result, setting)
        return
    for path, levels in factors.items():
        if not isinstance(levels, list):
            raise click.UsageError(f"--vary: a range of {path} needs a --search other than grid")
    from mlplab.experiment import Experiment

    experiment = Experiment(task, described.base, vary=factors, seeds=seeds)
    choice = choice_of(task, (arm.run for arm in experiment.design), metric, higher)
    if choice is None:
        refuse_given(ctx, ["matters", "better", "score_test"], f"nothing chooses; {HOLD_OUT}")
    besides = f"--score-test: {len(seeds)} runs of the chosen configuration" if score_test else ""
    with handing_on(destinations, quiet) as tracker:
        setting = replace(setting, tracker=tracker)
        runs = train_population(experiment, setting, "sweep", besides)
        if runs is None:
            return
        best = choose(runs, choice, matters)
        test_score = score(best, setting) if score_test else None
    show(runs, best, test_score, setting, choice)
    write_report(runs, setting, choice and choice[0], matters)


def read_vary(
    vary: Sequence[str], texts: dict[str, str | None], base: Run | None = None
) -> tuple[Described, dict[str, Any]]:
    """Turn `--vary` texts and the flags into a base run and factors by dotted path.

    Raises:
        click.UsageError: a text that is not FIELD=VALUE,..., or a field given twice.
        ConfigError: an unknown field, or a value that does not fit.
    """
    named: dict[str, list[str]] = {}
    for text in vary:
        name, equals, values = text.partition("=")
        if not name.strip() or not equals or not values.strip():
            raise click.UsageError(f"--vary: expected FIELD=VALUE,...; got {text!r}")
        if name in named:
            raise click.UsageError(f"--vary: {name!r} is given twice")
        named[name] = split_values(values)
    kinds = tuple(
        text.partition("(")[0]
        for name, listed in named.items()
        if plain_name(name) in OPTIMISER
        for text in listed
    )
    varied = {plain_name(name) for name in named}
    varied = {name.rpartition(".")[2] for name in varied if not name.startswith(("net", "fit"))}
    described = read_flags(texts, kinds, base, varied)
    kinds = kinds or (described.base.optim.kind,)
    factors: dict[str, Any] = {}
    for name, listed in named.items():
        path = _path_of(described.base, name, kinds)
        if path in factors:
            raise click.UsageError(f"--vary: {path!r} is given twice")
        if len(listed) == 1 and (found := _RANGE.fullmatch(listed[0])):
            factors[path] = _read_range(described, path, found)
        else:
            factors[path] = [read_level(described, path, text) for text in listed]
    return described, factors


def _path_of(base: Run, name: str, kinds: Sequence[str]) -> str:
    """Return a field's path, where every optimiser that will be used has the field."""
    setting = plain_name(name).removeprefix("optim.")
    owners = [kind for kind, spec in OPTIMISERS.items() if setting in spec.model_fields]
    for kind in kinds:
        if owners and kind in OPTIMISERS and kind not in owners:
            raise click.UsageError(
                f"--vary: {kind} has no setting {setting!r}; it belongs to {' and '.join(owners)}"
            )
    return field_path(base, name)


def _read_range(described: Described, path: str, found: re.Match[str]) -> Range:
    from mlplab.search import Range

    annotation = str(field_at(described.base, path))
    if "float" not in annotation and "int" not in annotation:
        raise click.UsageError(f"--vary: {path} has no range; list its values")
    whole = "float" not in annotation
    return Range(
        low=read_number(found["low"]),
        high=read_number(found["high"]),
        log=bool(found["log"]),
        whole=whole,
    )


def read_level(described: Described, path: str, text: str) -> Any:
    """Turn one value of `--vary` into what the field at a path is given."""
    if path == "optim":
        chosen: Optimiser = read_optimiser(text, dict(described.optimiser))
        return chosen
    if path == "net":
        net = described.base.net
        return (net if isinstance(net, MLP) else MLP()) if text == "mlp" else read_module(text)
    if path == "net.activation":
        name, colon, rest = text.partition(":")
        text = name + colon + rest.replace("x", ",")
    return read_field(field_at(described.base, path), text, commas=False)
