"""Kept runs on the screen: a line each, or one with all that is known of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlplab.cli.screen import show_number, write, write_table
from mlplab.cli.verdicts import write_verdict
from mlplab.durations import spell_seconds
from mlplab.experiment.frame import metrics_in_order
from mlplab.experiment.kept import Kept, KeptRun, show_factors
from mlplab.experiment.metrics import higher_is_better

if TYPE_CHECKING:
    from mlplab.specs import Outcome
    from mlplab.store import Store

_SHOWN_METRICS = 2  # that fit 80 columns beside the rest
_FIRST = ("valid_accuracy", "valid_rmse", "train_accuracy", "train_rmse", "valid_loss")
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
_LABEL = 12


def look_at_test(
    store: Store, metrics: Iterable[str], experiment: str, n_runs: int, purpose: str
) -> list[str]:
    """Log a look if metrics of the test split are shown; return what is said of it."""
    if not n_runs or not any(name.startswith("test_") for name in metrics):
        return []
    store.log_look("test", purpose, experiment, n_runs, True)
    n_looks = sum(look["split"] == "test" for look in store.looks())
    return [
        f"test split: this was a look, number {n_looks} in this store; its scores describe, and "
        "must choose nothing"
    ]


def as_documents(kept: Kept, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Return a JSON object per run: without the test split's metrics, unless they are asked for."""
    outcomes = kept.store.get(run.key for run in kept.runs)
    return [
        {
            **_facts(run, outcomes[run.key]),
            "metrics": {
                name: outcomes[run.key].last(name)
                for name in metrics_in_order([outcomes[run.key].history])
                if name in metrics or not name.startswith("test_")
            },
        }
        for run in kept.runs
    ]


def write_runs(kept: Kept, total: int, metrics: Sequence[str], digits: int) -> None:
    """Write a table of runs.

    Args:
        kept: the runs shown.
        total: how many are meant.
        metrics: shown; none lets what is recorded choose.
        digits: of the keys.
    """
    outcomes = kept.store.get(run.key for run in kept.runs)
    names = list(metrics) or _choose(outcomes.values())
    shared, tasks = _shared(kept.runs), {run.task for run in kept.runs}
    alike = [f"on {kept.runs[0].task}"] if len(tasks) == 1 else []
    alike += [f"with {show_factors(shared)}"] if shared else []
    which = "all" if total == len(kept) else f"these {len(kept)}"
    which = "this one" if len(kept) == 1 else which
    write(f"{total} run{'' if total == 1 else 's'}, the newest first")
    if alike:
        write(f"{which} {' '.join(alike)}")
    columns: dict[str, list[str]] = {"key": [run.key[:digits] for run in kept.runs]}
    if len(tasks) > 1:
        columns["task"] = [run.task for run in kept.runs]
    settings = [_settings(run, shared) for run in kept.runs]
    if any(settings):
        columns["settings"] = settings
    columns["seed"] = [str(run.seed) if run.row.text else "-" for run in kept.runs]
    columns["epochs"] = [_epochs(outcomes[run.key]) for run in kept.runs]
    numbers = [name.replace("_", "\n", 1) for name in names]
    for head, name in zip(numbers, names, strict=True):
        columns[head] = [show_number(outcomes[run.key].last(name)) for run in kept.runs]
    now = time.time()
    columns["age"] = [_age(now - run.row.saved_at) for run in kept.runs]
    right = ("seed", *numbers, "age")
    whole = columns.keys() - {"settings", "task"}
    write_table(tuple(columns), zip(*columns.values(), strict=True), right=right, whole=whole)


def as_document(run: KeptRun, kept: Kept) -> dict[str, Any]:
    """Return all that is known of a run as JSON values."""
    outcome = kept.store.get([run.key])[run.key]
    origin = kept.store.provenances().get(outcome.provenance)
    experiments = kept.experiments(run.key)
    return {
        **_facts(run, outcome),
        "best_epoch": outcome.best_epoch,
        "diverged_epoch": outcome.diverged_epoch,
        "seconds": outcome.seconds,
        "n_params": outcome.n_params,
        "run": run.plain or None,
        "provenance": {"id": outcome.provenance, **(origin or {})},
        "weights": bool(kept.store.with_weights([run.key])),
        "history": {name: list(outcome.history[name]) for name in _metrics(outcome)},
        "experiments": experiments,
        "verdicts": [
            row for row in kept.store.verdicts(latest=True) if row["experiment"] in experiments
        ],
    }


def write_run(document: Mapping[str, Any]) -> None:
    """Write what `as_document` returned, for people."""
    write(f"run {document['key']}")
    for label, text in _lines(document):
        write(text, start=f"{label:<{_LABEL}}", hang=" " * _LABEL)
    rows = [_course(name, values) for name, values in document["history"].items()]
    if rows:
        heads = ("metric", "first", "best", "in epoch", "last")
        write_table(heads, rows, right=heads[1:], whole=heads)
    if document["verdicts"]:
        write("verdicts of its experiments, each claim's last:")
    for row in document["verdicts"]:
        write_verdict(row, row["experiment"], str(row["time"])[:10])


def _shared(runs: Sequence[KeptRun]) -> dict[str, Any]:
    """The settings that all of several runs have."""
    first, *others = [run.factors for run in runs]
    if not others:
        return {}
    return {
        path: value
        for path, value in first.items()
        if all(path in other and other[path] == value for other in others)
    }


def _settings(run: KeptRun, shared: Mapping[str, Any]) -> str:
    if run.row.text is None:
        return "not kept"
    return show_factors({path: run.factors[path] for path in run.factors if path not in shared})


def _epochs(outcome: Outcome) -> str:
    return str(outcome.epochs) + ("" if outcome.status == "finished" else f" {outcome.status}")


def _facts(run: KeptRun, outcome: Outcome) -> dict[str, Any]:
    known = run.row.text is not None
    return {
        "key": run.key,
        "task": run.task if run.content else None,
        "factors": run.factors if known else None,
        "seed": run.seed if known else None,
        "status": outcome.status,
        "epochs": outcome.epochs,
        "provenance": outcome.provenance,
        "time": datetime.fromtimestamp(run.row.saved_at, UTC).isoformat(timespec="milliseconds"),
    }


def _lines(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "task", document["task"] or "not kept"
    if document["factors"] is not None:
        yield "settings", show_factors(document["factors"]) or "the defaults"
        yield "seed", str(document["seed"])
    yield "status", _ending(document)
    seconds = document["seconds"]
    took = "" if seconds != seconds else f", {spell_seconds(seconds)}"
    yield "trained", f"{document['time'][:19]} UTC{took}, {document['n_params']} parameters"
    origin = document["provenance"]
    known = [origin[name] for name in ("machine", "torch", "numerics") if name in origin]
    engine = [f"engine {origin['engine']}"] if "engine" in origin else []
    yield "provenance", ", ".join([*known, *engine, origin["id"]])
    yield "weights", "kept" if document["weights"] else "not kept; trained again when asked for"
    yield "experiments", "; ".join(document["experiments"]) or "none that was noted"


def _ending(document: Mapping[str, Any]) -> str:
    n = document["epochs"]
    says = f"{document['status']} after {n} epoch{'' if n == 1 else 's'}"
    if document["diverged_epoch"] is not None:
        says = f"diverged in epoch {document['diverged_epoch']}"
    if document["best_epoch"] is not None:
        says += f", with the weights of epoch {document['best_epoch']}"
    return says


def _course(name: str, values: Sequence[float]) -> tuple[str, ...]:
    """A metric's first, best and last value; which is best is not known of users' own."""
    higher = higher_is_better(name)
    finite = [value for value in values if value == value]
    best = None if higher is None or not finite else (max if higher else min)(finite)
    epoch = "-" if best is None or len(values) < 2 else str(list(values).index(best) + 1)
    first, last = (values[0], values[-1]) if values else (None, None)
    return name, show_number(first), show_number(best), epoch, show_number(last)


def _choose(outcomes: Iterable[Outcome]) -> list[str]:
    """The metrics that say most of these runs, without a look at the test split."""
    names = metrics_in_order(outcome.history for outcome in outcomes)
    ranked = [name for name in _FIRST if name in names]
    others = [name for name in names if name not in _FIRST and not name.startswith("test_")]
    return [*ranked, *others][:_SHOWN_METRICS]


def _metrics(outcome: Outcome) -> list[str]:
    return metrics_in_order([outcome.history])


def _age(seconds: float) -> str:
    size, unit = next((pair for pair in _UNITS if seconds >= pair[0]), _UNITS[-1])
    return f"{max(0, int(seconds // size))} {unit}"
