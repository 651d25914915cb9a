"""What a fit tells on standard output: lines for people, or one document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli.documents import write_json
from mlplab.cli.fit_files import Written
from mlplab.cli.progress import spell_seconds
from mlplab.cli.screen import show_interval, show_number, write, write_table
from mlplab.cli.tables import Asked, Places, spell_types, task_of

if TYPE_CHECKING:
    from mlplab.tabular import TableModel
    from mlplab.tabular.scoring import TaskKind

_SHOWN_IMPORTANT, _SHOWN_MEMBERS, _SHOWN_LETTERS = 5, 5, 52


def show_plan(asked: Asked, places: Places, settings: dict[str, Any], as_json: bool) -> None:
    """Write what would be read, trained and written."""
    from mlplab.tabular.scoring import scoring_of

    train, test = asked.train, asked.test
    task: TaskKind = task_of(train, settings["task"], settings["metric"])
    scoring = scoring_of(settings["metric"], task, train.target)
    metric = scoring.metric
    if as_json:
        write_json(
            {
                "task": task,
                "metric": metric,
                "target": train.schema.target,
                "n_rows": len(train.frame),
                "n_dropped": train.n_dropped,
                "n_test": None if test is None else len(test.frame),
                "types": {column.name: column.kind for column in train.schema.features},
                "folds": settings["n_folds"],
                "minutes": settings["minutes"],
                "model": str(places.model),
                "report": str(places.folder / "index.html"),
                "submission": places.submission and str(places.submission),
            }
        )
        return
    _write_tables(asked, task, metric, scoring.why)
    n, folds = len(train.frame), settings["n_folds"]
    write(
        f"would train for {settings['minutes']:g} minutes at most, each model on {folds} folds of "
        f"about {n - n // folds} rows to learn from and {n // folds} to be scored on"
    )
    _write_places(places, "would write")


def show(model: TableModel, asked: Asked, places: Places, done: Written, as_json: bool) -> None:
    """Write what was found and where it is; the page's path comes last."""
    if as_json:
        write_json(document(model, asked, places, done))
        return
    cv = model.cv
    _write_tables(asked, model.task, model.metric, cv.why)
    write(
        f"score: {model.metric} {show_number(cv.score)}, 95 % interval "
        f"{show_interval(cv.interval)}, {model.n_folds} folds "
        f"({', '.join(show_number(one) for one in cv.folds)})"
    )
    if cv.nested is not None:
        write(f"the whole procedure, repeated without each fold: {show_number(cv.nested)}")
    members = model.members.to_dict("records")
    rows = [
        (_name(row), _short(row["settings"]), show_number(row["score"]), f"{row['weight']:.2f}")
        for row in members[:_SHOWN_MEMBERS]
    ]
    write_table(("member", "settings", "score", "weight"), rows, right=("score", "weight"))
    more = len(members) - len(rows)
    write(
        f"{f'and {more} more members; ' if more else ''}{len(model.tried)} configurations tried in "
        f"{spell_seconds(model.seconds)}; the page has them all"
    )
    _write_findings(done)
    click.echo(f"model: {places.model}")
    if asked.test is not None and asked.id_column is None:
        write("no submission: no column was found that names the rows; --id COLUMN names one")
    if done.submission is not None:
        click.echo(f"submission: {done.submission} ({done.n_predicted} rows, checked)")
    click.echo(f"page: {done.page}")


def document(model: TableModel, asked: Asked, places: Places, done: Written) -> dict[str, Any]:
    """Return a fit as one JSON document."""
    cv, apart = model.cv, done.explanation.apart
    return {
        "task": model.task,
        "metric": model.metric,
        "target": model.target,
        "n_rows": len(asked.train.frame),
        "n_dropped": asked.train.n_dropped,
        "types": {column.name: column.kind for column in asked.train.schema.features},
        "score": cv.score,
        "interval": list(cv.interval),
        "folds": [float(score) for score in cv.folds],
        "nested": cv.nested,
        "members": model.members.to_dict("records"),
        "n_tried": len(model.tried),
        "seconds": model.seconds,
        "importance": [
            {name: row[name] for name in ("column", "rise", "low", "high")}
            for row in done.explanation.importance.to_dict("records")
        ],
        "told_apart": apart and {"auc": apart.auc, "interval": [apart.low, apart.high]},
        "model": str(places.model),
        "report": str(done.page),
        "submission": done.submission and str(done.submission),
    }


def _write_tables(asked: Asked, task: str, metric: str, why: str) -> None:
    train, test = asked.train, asked.test
    dropped = f" ({train.n_dropped} without a target are left out)" if train.n_dropped else ""
    more = "" if test is None else f"; {test.source}: {len(test.frame)} rows to predict"
    write(f"{train.source}: {len(train.frame)} rows{dropped}{more}")
    write(f"task: {task} of {train.schema.target} (--task says otherwise)")
    write(f"metric: {metric}, {'as' if why == 'given' else 'since'} {why} (--metric)")
    for kind, names in spell_types(train.schema):
        write(f"{kind}: {names}", hang=" " * (len(kind) + 2))
    write("columns taken wrongly? --types COLUMN=KIND, --types 'COLUMN=LOW<MID<HIGH'")


def _name(member: Mapping[Any, Any]) -> str:
    kind = member["kind"]
    return str(member["name"]) + ("" if kind == "mlp" else f" ({kind})")


def _short(settings: str) -> str:
    """The first settings, as many as fit on a line."""
    if len(settings) <= _SHOWN_LETTERS:
        return settings
    return settings[:_SHOWN_LETTERS].rpartition(",")[0] + ", ..."


def _write_findings(done: Written) -> None:
    found = done.explanation
    top = found.importance[found.importance["low"] > 0].head(_SHOWN_IMPORTANT)
    if len(top):
        rises = zip(top["column"], top["rise"], strict=True)
        names = [f"{name} (+{show_number(rise)})" for name, rise in rises]
        write(f"most important, by how much shuffling worsens the score: {', '.join(names)}")
    if found.apart is not None:
        write(told_apart(found.apart.auc, (found.apart.low, found.apart.high)))


def told_apart(auc: float, interval: Sequence[float]) -> str:
    """Say what it means how well rows to predict are told from training rows."""
    shown = f"AUC {auc:.3f} {show_interval(interval)}"
    if interval[0] > 0.5:
        return (
            f"rows to predict differ from training rows ({shown}, 0.5 being alike): the score may "
            "not hold for them; the page says more"
        )
    return f"no difference found between rows to predict and training rows ({shown})"


def _write_places(places: Places, start: str) -> None:
    wanted = [places.model, places.folder / "index.html", places.submission]
    write(f"{start}: {', '.join(str(path) for path in wanted if path is not None)}")
