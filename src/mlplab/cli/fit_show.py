"""What a fit tells on standard output: lines for people, or one document."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlplab.cli.documents import write_json
from mlplab.cli.fit_files import Kept, Written
from mlplab.cli.screen import show_interval, show_number, write, write_line, write_table
from mlplab.cli.tables import Asked, Places, explain_task, scoring_for, spell_types, task_of
from mlplab.durations import spell_seconds

if TYPE_CHECKING:
    from mlplab.shift import Detection
    from mlplab.tabular import TableModel
    from mlplab.tabular.scoring import Scoring, TaskKind

_SHOWN_IMPORTANT, _SHOWN_MEMBERS, _SHOWN_LETTERS = 5, 5, 52


def show_plan(
    asked: Asked, places: Places, settings: dict[str, Any], store: str, as_json: bool
) -> None:
    """Write what would be read, trained and written."""
    from mlplab.tabular.table_search import MOST_CONFIGURATIONS

    train, test = asked.train, asked.test
    task, scoring = _task_and_scoring(asked, settings)
    folds = _folds(asked, settings)
    if as_json:
        write_json(
            {
                "task": task,
                "task_why": explain_task(train, settings["task"], settings["metric"])[0],
                "metric": scoring.metric,
                "target": train.schema.target,
                "n_rows": len(train.frame),
                "n_dropped": train.n_dropped,
                "n_test": None if test is None else len(test.frame),
                "types": {column.name: column.kind for column in train.schema.features},
                "notes": _notes(asked, settings),
                "n_copies": asked.n_copies,
                "folds": folds,
                "minutes": settings["minutes"],
                "configurations": MOST_CONFIGURATIONS,
                "runs": MOST_CONFIGURATIONS * settings["n_folds"],
                "store": store,
                "model": str(places.model),
                "report": str(places.folder / "index.html"),
                "submission": places.submission and str(places.submission),
            }
        )
        return
    show_tables(asked, settings)
    n = len(train.frame)
    write(
        f"would train for {settings['minutes']:g} minutes at most, up to {MOST_CONFIGURATIONS} "
        f"configurations on {folds} folds of about {n - n // folds} rows to learn from and "
        f"{n // folds} to be scored on, then more seeds of the best; networks that finish are kept "
        f"in {store}"
    )
    _write_places(places, "would write")


def show_tables(asked: Asked, settings: dict[str, Any]) -> None:
    """Write what was read, what it is taken for, and what is predicted."""
    train, test = asked.train, asked.test
    task, scoring = _task_and_scoring(asked, settings)
    dropped = f" ({train.n_dropped} without a target are left out)" if train.n_dropped else ""
    more = "" if test is None else f"; {test.source}: {len(test.frame)} rows to predict"
    write(f"{train.source}: {len(train.frame)} rows{dropped}{more}")
    why, _ = explain_task(train, settings["task"], settings["metric"])
    write(f"task: {task} of {train.schema.target} ({why})")
    given = "as" if scoring.why == "given" else "since"
    write(f"metric: {scoring.metric}, {given} {scoring.why} (--metric)")
    for kind, names in spell_types(train.schema):
        write(f"{kind}: {names}", hang=" " * (len(kind) + 2))
    write("columns taken wrongly? --types COLUMN=KIND, --types 'COLUMN=LOW<MID<HIGH'")
    for line in _notes(asked, settings):
        write(f"note: {line}")


def _task_and_scoring(asked: Asked, settings: dict[str, Any]) -> tuple[TaskKind, Scoring]:
    how = (asked.train, settings["task"], settings["metric"])
    return task_of(*how), scoring_for(*how)


def _folds(asked: Asked, settings: dict[str, Any]) -> int:
    from mlplab.tabular.fold_rows import folds_possible

    return folds_possible(len(asked.train.frame), settings["n_folds"], asked.groups)


def _notes(asked: Asked, settings: dict[str, Any]) -> list[str]:
    """What a reader should know before anything is trained."""
    train = asked.train
    notes = list(asked.notes)
    _, warning = explain_task(train, settings["task"], settings["metric"])
    if warning:
        notes.append(f"{train.schema.target}: {warning}")
    folds, wished = _folds(asked, settings), settings["n_folds"]
    if folds < wished:
        of = f"{len(train.frame)} rows, two in each" if asked.groups is None else "the groups"
        notes.append(f"{folds} folds instead of {wished}: {of}, make no more")
    return notes


def show_score(model: TableModel, asked: Asked, kept: Kept, places: Places) -> None:
    """Write how good the model is, before its page is made."""
    cv = model.cv
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
    for one in model.shortcuts:
        write(f"for want of time or memory: {one}")
    write_line(f"model: {places.model}")
    if kept.submission is not None:
        write_line(f"submission: {kept.submission} ({kept.n_predicted} rows, checked)")
    sys.stdout.flush()


def show_page(asked: Asked, written: Written) -> None:
    """Write what the page found and where it is, its path last."""
    _write_findings(asked, written)
    for one in written.explanation.shortcuts:
        write(f"for want of time or memory: {one}")
    write_line(f"page: {written.page}")


def document(
    model: TableModel,
    asked: Asked,
    places: Places,
    kept: Kept,
    written: Written | None,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Return a fit as one JSON document; without its page where that was not made."""
    cv = model.cv
    found = None if written is None else written.explanation
    shift = None if found is None else found.shift
    return {
        "task": model.task,
        "task_why": explain_task(asked.train, settings["task"], settings["metric"])[0],
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
        "notes": _notes(asked, settings),
        "n_copies": asked.n_copies,
        "n_tried": len(model.tried),
        "seconds": model.seconds,
        "interrupted": model.interrupted,
        "left_out": [str(one) for one in (*model.shortcuts, *(found.shortcuts if found else ()))],
        "importance": []
        if found is None
        else [
            {name: row[name] for name in ("column", "rise", "low", "high")}
            for row in found.importance.to_dict("records")
        ],
        "shift": shift and shift.plain(),
        "model": str(places.model),
        "report": None if written is None else str(written.page),
        "submission": kept.submission and str(kept.submission),
    }


def _name(member: Mapping[Any, Any]) -> str:
    kind = member["kind"]
    return str(member["name"]) + ("" if kind == "mlp" else f" ({kind})")


def _short(settings: str) -> str:
    """The first settings, as many as fit on a line."""
    if len(settings) <= _SHOWN_LETTERS:
        return settings
    return settings[:_SHOWN_LETTERS].rpartition(",")[0] + ", ..."


def _write_findings(asked: Asked, done: Written) -> None:
    found = done.explanation
    top = found.importance[found.importance["low"] > 0].head(_SHOWN_IMPORTANT)
    if len(top):
        rises = zip(top["column"], top["rise"], strict=True)
        names = [f"{name} (+{show_number(rise)})" for name, rise in rises]
        write(f"most important, by how much shuffling worsens the score: {', '.join(names)}")
    if found.shift is not None:
        for line in shift_lines(found.shift.detection):
            write(line)
    elif asked.test is not None:
        write("rows to predict against training rows: too few, or no column that could differ")
    if asked.test is not None and asked.n_copies:
        n = len(asked.test.frame)
        write(f"{asked.n_copies} of {n} rows to predict are copies of training rows")


def shift_lines(detection: Detection) -> list[str]:
    """Say whether rows to predict are like training rows, and by which columns they differ."""
    n, m = detection.rows
    lines = [f"rows to predict against training rows ({m:,} and {n:,} compared):"]
    lines += [f"  {line}" for line in detection.verdict_lines()]
    seen = detection.seen_columns[:_SHOWN_IMPORTANT]
    if seen:
        names = [f"{shift.name} ({detection.changes[shift.name]})" for shift in seen]
        lines.append(f"  columns that show it most: {'; '.join(names)}")
    return lines


def _write_places(places: Places, start: str) -> None:
    wanted = [places.model, places.folder / "index.html", places.submission]
    write(f"{start}: {', '.join(str(path) for path in wanted if path is not None)}")
