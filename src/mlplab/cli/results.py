"""What a population gave: its runs and summaries as JSON, and remarks for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.cli.levels import digits_of, show_factors
from mlplab.durations import spell_seconds
from mlplab.experiment.frame import metrics_in_order

if TYPE_CHECKING:
    from mlplab.experiment import Arm, ArmSummary, Runs

_SHOWN_FAILURES = 6  # configurations, each a line
_SHOWN_SEEDS = 12  # that fit a line


def metric_names(runs: Runs) -> list[str]:
    """Return the metrics that the runs recorded: train, valid, test, then the others."""
    return metrics_in_order([runs.outcomes.metric_names()])


def summaries(runs: Runs) -> dict[str, dict[str, ArmSummary]]:
    """Return metric -> arm's label -> its mean over seeds with interval."""
    return {metric: {one.arm: one for one in runs.summary(metric)} for metric in metric_names(runs)}


def as_summary(of_metric: Mapping[str, Mapping[str, ArmSummary]], arm: Arm) -> dict[str, Any]:
    """Return an arm's `{metric: {mean, interval, n_seeds}}`."""
    return {
        metric: {
            "mean": by_arm[arm.label].mean,
            "interval": by_arm[arm.label].interval,
            "n_seeds": by_arm[arm.label].n_seeds,
        }
        for metric, by_arm in of_metric.items()
        if arm.label in by_arm
    }


def as_rows(runs: Runs) -> list[dict[str, Any]]:
    """Return one JSON object per run, in the order of the design."""
    cells, outcomes, metrics = runs.cells, runs.outcomes, metric_names(runs)
    columns = [outcomes.last(name).tolist() for name in metrics]
    factors = [dict(arm.factors) for arm in cells.arms]
    rows = zip(cells.keys, cells.seeds.tolist(), cells.arm_of.tolist(), strict=True)
    return [
        {
            "key": key,
            "seed": seed,
            "factors": factors[arm],
            "status": outcomes.status(place),
            "metrics": {n: column[place] for n, column in zip(metrics, columns, strict=True)},
        }
        for place, (key, seed, arm) in enumerate(rows)
    ]


def headline(runs: Runs) -> str:
    """Return one line: the data, the arms, the runs, the time."""
    experiment = runs.experiment
    task, n_arms = experiment.data, len(runs.arms)
    arms = "1 configuration" if n_arms == 1 else f"{n_arms} configurations"
    n_seeds = len(experiment.seeds)
    seeds = f"seed {experiment.seeds[0]}" if n_seeds == 1 else f"{n_seeds} seeds"
    return (
        f"{task.name}: {arms} x {seeds} = {len(runs)} runs in {spell_seconds(runs.seconds)}, "
        f"{runs.from_store} of them from the store"
    )


def remarks(runs: Runs) -> list[str]:
    """Return what must be said of the runs besides their means: one sentence a line."""
    said = [*_failures(runs), *_looks(runs)]
    return [*said, runs.note] if runs.note else said


def _failures(runs: Runs) -> list[str]:
    by_arm: dict[str, list[tuple[int, int]]] = {}
    lost = runs.outcomes.has_status("diverged")
    for cell in runs.cells.take(lost) if lost.any() else ():
        outcome = runs.outcomes[cell.key]
        epoch = outcome.diverged_epoch or outcome.epochs
        by_arm.setdefault(cell.arm.label, []).append((cell.seed, epoch))
    if not by_arm:
        return []
    counts, digits = runs.failures(), digits_of(runs.arms)
    arms = [arm for arm in runs.arms if arm.label in by_arm]
    total = sum(map(len, by_arm.values()))
    lines = [f"{total} of {len(runs)} runs diverged and are left out of the means:"]
    for arm in arms[:_SHOWN_FAILURES]:
        seeds, epochs = zip(*by_arm[arm.label], strict=True)
        count = counts[arm.label]
        first, last = min(epochs), max(epochs)
        lines.append(
            f"  {show_factors(arm.factors, digits) or 'all'}: {count.failures} of {count.n_runs} "
            f"(rate {count.low:.2f} to {count.high:.2f}), seeds {_some(seeds)}, "
            + (f"in epoch {first}" if first == last else f"in epochs {first} to {last}")
        )
    if len(arms) > _SHOWN_FAILURES:
        lines.append(f"  and {len(arms) - _SHOWN_FAILURES} more configurations")
    return lines


def _looks(runs: Runs) -> list[str]:
    if not any(name.startswith("test_") for name in metric_names(runs)):
        return []
    looks = [look for look in runs.setup.store.looks() if look["split"] == "test"]
    own = sum(look["experiment"] == runs.experiment.title for look in looks)
    return [
        f"test split: look {own} at this experiment's test scores, {len(looks)} in this store; "
        "they describe, and must choose nothing"
    ]


def _some(seeds: Sequence[int]) -> str:
    more = len(seeds) - _SHOWN_SEEDS
    return ", ".join(map(str, seeds[:_SHOWN_SEEDS])) + (f" and {more} more" if more > 0 else "")
