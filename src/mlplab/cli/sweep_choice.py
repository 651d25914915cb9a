"""What a sweep chooses, what that choice is worth, and how both are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli.documents import write_json
from mlplab.cli.levels import digits_of, show_factors, show_level
from mlplab.cli.population import Setting
from mlplab.cli.progress import show_progress
from mlplab.cli.results import as_rows, as_summary, headline, metric_names, remarks, summaries
from mlplab.cli.screen import note, show_interval, show_number, write, write_table
from mlplab.errors import ConfigError
from mlplab.experiment.metrics import check_metric, higher_is_better
from mlplab.specs.paths import short_names

if TYPE_CHECKING:
    from mlplab.data import Task
    from mlplab.experiment import ArmSummary, Best, Runs, TestScore
    from mlplab.specs import Run

_SHOWN_ARMS = 40  # a table that fits a screen or two
HOLD_OUT = "--valid 0.1 holds out rows that can"


Choice = tuple[str, bool]
"""A metric that chooses, and whether larger values of it are better."""


def choice_of(
    task: Task, runs: Iterable[Run], metric: str | None, higher: bool | None
) -> Choice | None:
    """Return what shall choose, checked before anything is trained; None if nothing can.

    Args:
        task: the data.
        runs: that would be trained, as far as they are known.
        metric: what was asked for.
        higher: whether larger values of it are better, as far as that was said.

    Raises:
        ConfigError: a metric that the runs will not record.
        click.UsageError: one of the test split, or of unknown direction, or without rows.
    """
    if metric is None:
        if not task.n_valid:
            return None
        metric = "valid_accuracy" if task.kind == "classification" else "valid_rmse"
    if metric.startswith("test_"):
        raise click.UsageError(
            f"--metric: {metric} would choose by the test split; choose by "
            f"valid_{metric.removeprefix('test_')}, and --score-test scores the choice"
        )
    if metric.startswith("valid_") and not task.n_valid:
        raise click.UsageError(f"--metric: no rows for {metric}; {HOLD_OUT}")
    for run in runs:
        check_metric(metric, run, task)
    known = higher_is_better(metric)
    if known is None and higher is None:
        raise click.UsageError(
            f"--metric: it is not known which way {metric} is better; say --better higher or lower"
        )
    if None not in (known, higher) and known != higher:
        raise click.UsageError(f"--better: {metric} is better {'higher' if known else 'lower'}")
    return metric, bool(known if higher is None else higher)


def choose(runs: Runs, choice: Choice | None, matters: float) -> Best | None:
    """Return the best configuration; None if nothing chooses, or all of them diverged."""
    if choice is None:
        return None
    if all(count.failures for count in runs.failures().values()):
        return None
    metric, higher = choice
    return runs.best(metric, matters, higher_is_better=higher)


def score(best: Best | None, setting: Setting) -> TestScore:
    """Score the chosen configuration on the test split, with fresh seeds: one logged look.

    Raises:
        ConfigError: nothing was chosen.
    """
    if best is None:
        raise ConfigError("--score-test: every configuration has a run that diverged")
    with show_progress("score", setting.quiet) as progress:
        return best.score_test(progress=progress)


def show(
    runs: Runs,
    best: Best | None,
    test: TestScore | None,
    setting: Setting,
    choice: Choice | None = None,
) -> None:
    """Write a sweep's results to standard output: a document, or a table and what it means."""
    found = summaries(runs)
    if setting.as_json:
        for line in remarks(runs):
            note(line, setting.quiet)
        write_json(document(runs, best, test))
        return
    write(headline(runs))
    metric = _fallback(runs)
    higher = higher_is_better(metric) is not False
    if best is not None and choice is not None:
        metric, higher = choice
    _write_arms(found[metric], metric, higher, runs, best)
    for line in [*_on_choice(runs, best), *_on_test(runs, best, test), *remarks(runs)]:
        write(line)


def _fallback(runs: Runs) -> str:
    names = metric_names(runs)
    wanted = ("valid_accuracy", "valid_rmse", "train_accuracy", "train_rmse")
    return next((name for name in wanted if name in names), names[0])


def _write_arms(
    by_arm: Mapping[str, ArmSummary], metric: str, higher: bool, runs: Runs, best: Best | None
) -> None:
    sign = -1.0 if higher else 1.0

    def place(one: ArmSummary) -> tuple[bool, float]:
        return one.n_failed > 0, math.inf if math.isnan(one.mean) else sign * one.mean

    ranked = sorted(by_arm.values(), key=place)
    names = short_names(runs.arms[0].factors)
    digits = digits_of(runs.arms)
    diverged = any(one.n_failed for one in ranked)
    rows = [
        (
            *(show_level(one.factors[path], digits) for path in names),
            show_number(one.mean),
            show_interval(one.interval),
            str(one.n_seeds),
            *((str(one.n_failed or ""),) if diverged else ()),
            _mark(one.arm, best),
        )
        for one in ranked[:_SHOWN_ARMS]
    ]
    numbers = ("mean", "seeds", *(("diverged",) if diverged else ()))
    heads = (*names.values(), "mean", "95 % interval", *numbers[1:], "")
    write(f"{metric}, best first:")
    write_table(heads, rows, right=numbers, whole=("mean", "95 % interval"))
    if len(ranked) > _SHOWN_ARMS:
        write(f"and {len(ranked) - _SHOWN_ARMS} more configurations: --json lists them all")


def _mark(arm: str, best: Best | None) -> str:
    if best is None:
        return ""
    if arm == best.arm.label:
        return "chosen"
    if arm in best.candidates:
        return "candidate"
    return "near best" if arm in best.near_best else ""


def _on_choice(runs: Runs, best: Best | None) -> list[str]:
    if best is None:
        if all(count.failures for count in runs.failures().values()):
            return ["nothing is chosen: every configuration has a run that diverged"]
        return [f"nothing is chosen: rows that train do not choose; {HOLD_OUT}"]
    n, chosen = len(runs.arms), show_factors(best.arm.factors, digits_of(runs.arms))
    lines = [f"chosen by {best.metric}: {chosen}, mean {show_number(best.mean)}"]
    if math.isnan(best.optimism):
        lines.append("one seed chose, so what choosing adds to that mean cannot be told")
    else:
        lines.append(
            f"choosing adds {show_number(best.optimism)} to that mean: configurations chosen "
            f"without the seed they are scored on reach {show_number(best.honest_mean)}"
        )
    if n > 1:
        lines.append(
            f"95 % confidence: {len(best.candidates)} of {n} are beaten by no other (chosen and "
            f"candidates); {len(best.near_best)} shown to be less than {best.matters:g} from the "
            "best"
        )
    return lines


def _on_test(runs: Runs, best: Best | None, test: TestScore | None) -> list[str]:
    if test is not None:
        return [f"test score of the chosen configuration: {test} (one logged look)"]
    task = runs.experiment.data
    if best is None or not task.n_test or any(n.startswith("test_") for n in metric_names(runs)):
        return []
    return [
        "test split: not looked at; the same command with --score-test trains the chosen "
        f"configuration with {len(best.seeds)} fresh seeds and scores it once"
    ]


def document(runs: Runs, best: Best | None, test: TestScore | None) -> dict[str, Any]:
    """Return a sweep's results as one JSON document."""
    found = summaries(runs)
    chosen = best.arm if best else runs.arms[0] if len(runs.arms) == 1 else None
    counts = runs.failures()
    return {
        "runs": as_rows(runs),
        "summary": as_summary(found, chosen) if chosen else {},
        "arms": [
            {
                "arm": arm.label,
                "factors": dict(arm.factors),
                "summary": as_summary(found, arm),
                "n_failed": counts[arm.label].failures,
            }
            for arm in runs.arms
        ],
        "best": None
        if best is None
        else {
            "arm": best.arm.label,
            "factors": dict(best.arm.factors),
            "metric": best.metric,
            "mean": best.mean,
            "honest_mean": best.honest_mean,
            "optimism": best.optimism,
            "candidates": best.candidates,
            "near_best": best.near_best,
            "failed": best.failed,
            "matters": best.matters,
        },
        "test": None if test is None else asdict(test),
        "seconds": runs.seconds,
        "from_store": runs.from_store,
    }
