"""`mlplab sweep --search`: a budget instead of every combination."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mlplab.cli.documents import write_json
from mlplab.cli.levels import show_level
from mlplab.cli.population import Setting
from mlplab.cli.progress import show_progress
from mlplab.cli.screen import note, show_number, write, write_table
from mlplab.durations import spell_seconds
from mlplab.specs.digits import digits_apart
from mlplab.specs.paths import short_names

if TYPE_CHECKING:
    from mlplab.experiment import TestScore
    from mlplab.search import Search, SearchResult

_SHOWN_TRIALS = 10  # the best: a table that fits a screen


def run_search(search: Search, setting: Setting) -> SearchResult:
    """Search, with a progress bar."""
    from mlplab.store import Store

    with show_progress("search", setting.quiet) as progress:
        return search.run(
            Store(setting.store_place),
            workers=setting.workers,
            device=setting.device,
            on=setting.cluster,
            keep_weights=setting.keep_weights,
            progress=progress,
            track=setting.tracker,
        )


def score(result: SearchResult, setting: Setting) -> TestScore:
    """Score the chosen configuration on the test split, with fresh seeds: one logged look."""
    with show_progress("score", setting.quiet) as progress:
        return result.score_test(progress=progress)


def check_study(storage: str) -> None:
    """Refuse a place that a study could not be written to.

    Raises:
        ConfigError: Optuna is not installed.
        StoreError: it cannot be written.
    """
    from mlplab.search.study import check_storage

    check_storage(storage)


def write_study(result: SearchResult, storage: str, setting: Setting) -> None:
    """Write the trials for Optuna's dashboard, and say where."""
    name = result.write_study(storage)
    note(f"study {name!r} written to {storage}; see it by: optuna-dashboard", setting.quiet)


def show_search(result: SearchResult, test: TestScore | None, setting: Setting) -> None:
    """Write what a search found to standard output: a document, or tables and what they mean."""
    from mlplab.cli.sweep_choice import document, show

    if setting.as_json:
        found = document(result.runs, result.best, test)
        found |= {
            "seconds": result.seconds,
            "from_store": result.from_store,
            "search": _described(result),
        }
        write_json(found)
        return
    n_configs = _n_configurations(result)
    write(
        f"{result.runs.experiment.data.name}: {result.strategy} search, {n_configs} configurations "
        f"in {result.run_epochs} of {result.budget} run-epochs, {spell_seconds(result.seconds)}"
    )
    _write_trials(result)
    write("")
    write(f"the {len(result.finalists)} best, trained again with seeds that had no part in that:")
    show(result.runs, result.best, test, setting, (result.metric, result.higher_is_better))
    write(
        f"the chosen configuration's score in the search was {show_number(result.search_optimism)} "
        "better than it proved with these seeds"
    )


def _described(result: SearchResult) -> dict[str, Any]:
    trials = []
    for trial, row in zip(result.trials, result.frame()[result.metric], strict=True):
        trials.append(
            {
                "factors": dict(trial.config),
                "epochs": trial.epochs,
                "seeds": trial.seeds,
                "score": None if math.isnan(row) else float(row),
                "run_epochs": trial.run_epochs,
                "step": trial.step,
            }
        )
    return {
        "strategy": result.strategy,
        "metric": result.metric,
        "budget": result.budget,
        "run_epochs": result.run_epochs,
        "configurations": _n_configurations(result),
        "search_optimism": result.search_optimism,
        "trials": trials,
    }


def _n_configurations(result: SearchResult) -> int:
    return len({result.space.name(trial.config) for trial in result.trials})


def _write_trials(result: SearchResult) -> None:
    frame = result.frame().drop(columns=["trial", "step", "spent"])
    ranked = frame.sort_values(
        ["epochs", "n_seeds", result.metric],
        ascending=[False, False, not result.higher_is_better],
    )
    names = short_names(result.space.factors)
    shown: list[dict[Any, Any]] = ranked.head(_SHOWN_TRIALS).to_dict("records")
    digits = digits_apart(row[path] for row in shown for path in names)
    rows = [
        (
            *(show_level(row[path], digits) for path in names),
            show_number(row[result.metric]),
            str(row["epochs"]),
            str(row["n_seeds"]),
        )
        for row in shown
    ]
    write(f"{result.metric} in the search, longest trainings and best first:")
    write_table(
        (*names.values(), "score", "epochs", "seeds"), rows, right=("score", "epochs", "seeds")
    )
    if len(frame) > len(rows):
        write(f"and {len(frame) - len(rows)} more: --json lists them all")
