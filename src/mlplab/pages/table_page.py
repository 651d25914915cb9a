"""The page on a fitted table model: one HTML file that needs nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlplab.draw import Figure, Text
from mlplab.draw.words import LANGUAGES
from mlplab.errors import MlplabError
from mlplab.pages.dependence_figures import dependence_figures
from mlplab.pages.exhibits import chart_scripts, csv_bytes, csv_links, exhibit, figure_files
from mlplab.pages.files import remove_files, write_files
from mlplab.pages.frame import section, whole_page
from mlplab.pages.numbers import seconds_text
from mlplab.pages.table_figures import model_figures
from mlplab.pages.table_report import TableReport, estimate_text, number_text, score_name
from mlplab.pages.table_words import (
    TABLE,
    say_phrases,
    say_shortcut,
    say_table,
    table_word,
)
from mlplab.pages.tables import frame_table
from mlplab.pages.tags import Html, both, group, tag

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular import TableModel

RECORD = "files.json"
_MUCH = 0.7  # AUC from which the two tables are called much unlike
_MOST_TRIED, _MOST_NAMES = 40, 200


def write_table_page(
    report: TableReport, folder: str | Path, *, keep: Iterable[Path | None] = ()
) -> Path:
    """Write `folder/index.html` with SVG, PNG and CSV files beside it, the page last.

    Files of an earlier page there that the new one does not have are removed.

    Args:
        report: what to write.
        folder: where to.
        keep: files that must not be overwritten or removed.

    Returns:
        The page's path.

    Raises:
        MlplabError: the folder cannot be written, or a file to be kept is in the way.
    """
    home = Path(folder)
    if not report.made:
        now = datetime.now(UTC).replace(microsecond=0)
        report = dataclasses.replace(report, made=now.isoformat())
    figures = _figures(report)
    files: dict[str, bytes] = {}
    for figure in (one for part in figures.values() for one in part):
        files |= figure_files(figure)
    for name, frame in _tables(report).items():
        files[f"{name}.csv"] = csv_bytes(frame)
    page = table_page_html(report, figures).encode()
    record = json.dumps({"made": report.made, "files": sorted(files)}, indent=1).encode()
    kept = {os.path.realpath(path) for path in keep if path is not None}
    for name in (*files, RECORD, "index.html"):
        if os.path.realpath(home / name) in kept:
            raise MlplabError(
                f"{home / name}: is needed and would be overwritten; name another --out"
            )
    before = {name for name in _earlier(home) if os.path.realpath(home / name) not in kept}
    write_files(home, {**files, RECORD: record, "index.html": page})
    remove_files(home, before - set(files))
    return home / "index.html"


def table_page_html(report: TableReport, figures: dict[str, list[Figure]] | None = None) -> str:
    """Return the page as one HTML document."""
    drawn = figures or _figures(report)
    model, found = report.model, report.explanation
    score = estimate_text(model.cv.score, model.cv.interval)
    title = {
        "en": f"{model.target} from {report.name}: {score_name(model.metric)} {score}",
        "zh": f"由 {report.name} 预测 {model.target}：{score_name(model.metric, 'zh')} {score}",
    }
    top = tag(
        "div",
        tag("p", both(TABLE["kicker"]), " · ", report.name, class_="number-line"),
        tag("h1", both(title)),
        tag("p", both(_summary(report)), class_="question"),
        class_="top",
    )
    worst = (
        group(
            tag("p", both(TABLE[f"worst-{model.task}"]), class_="quiet"),
            tag("div", _table(_rounded(found.worst), "worst-rows", found.worst), class_="whole"),
        )
        if len(found.worst)
        else tag("p", both(TABLE["none-worst"]), class_="quiet")
    )
    dependence = _or(drawn["dependence"], "none-dependence")
    sections = [
        _section("score", *map(exhibit, drawn["score"]), _on_choice(report)),
        section("errors", *map(exhibit, drawn["errors"]), heading=TABLE[f"errors-{model.task}"]),
        _section("worst", worst),
        _section("importance", *map(exhibit, drawn["importance"])),
        _section("dependence", _on_dependence(report), *dependence),
        _section("gaps", *_or(drawn["gaps"], "no-gaps")),
        _section("apart", _apart(report)) if report.test_name else None,
        _section(
            "models",
            tag("h3", both(TABLE["members"])),
            _table(_told(model.members), "members", model.members),
            tag("h3", both(TABLE["tried"])),
            _table(_told(model.tried), "tried", model.tried),
        ),
        _section("how", _how(report)),
    ]
    return whole_page(
        {one: f"{text} – mlplab" for one, text in title.items()},
        group(top, *sections),
        scripts=chart_scripts([figure for part in drawn.values() for figure in part]),
    )


def _figures(report: TableReport) -> dict[str, list[Figure]]:
    return {**model_figures(report), "dependence": dependence_figures(report)}


def _section(key: str, *content: Html | None) -> Html:
    return section(key, *content, heading=TABLE[key])


def _or(figures: list[Figure], key: str) -> list[Html]:
    return [*map(exhibit, figures)] or [tag("p", both(TABLE[key]), class_="quiet")]


def _summary(report: TableReport) -> Text:
    model = report.model
    n, k = len(model.members), len(model.tried)
    kind = {"regression": "numbers", "classification": "classes"}[model.task]
    kind_zh = {"regression": "数值", "classification": "类别"}[model.task]
    folds = model.n_folds
    return {
        "en": f"{report.n_rows} rows, {folds} folds. Of {k} configurations tried, {n} "
        f"{'is kept as the' if n == 1 else 'are mixed into one'} model of {kind}. The interval is "
        "of 95 %.",
        "zh": f"{report.n_rows} 行，{folds} 折。尝试了 {k} 个配置，"
        f"其中 {n} 个组成最终的{kind_zh}模型。区间为 95 %。",
    }


def _on_choice(report: TableReport) -> Html:
    cv = report.model.cv
    optimistic = number_text(cv.optimistic)
    key = "same" if optimistic == number_text(cv.score) else "honest"
    said = [both(say_table(key, optimistic=optimistic))]
    if cv.nested is not None:
        said.append(both(say_table("nested", nested=number_text(cv.nested))))
    return tag("p", group(*said, between=" "), class_="quiet")


def _on_dependence(report: TableReport) -> Html | None:
    n = report.explanation.dependence_rows
    text = both(say_table("dependence-text", n=n, all=report.n_rows))
    return tag("p", text, class_="quiet") if n else None


def _apart(report: TableReport) -> Html:
    if not report.n_copies:
        return _told_apart(report)
    copies = say_table("apart-copies", n=report.n_copies, of=report.n_test, test=report.test_name)
    return group(tag("p", tag("strong", both(copies))), _told_apart(report))


def _told_apart(report: TableReport) -> Html:
    found = report.explanation
    if found.apart is None:
        return tag("p", both(TABLE["apart-few"]), class_="quiet")
    apart = found.apart
    key = (
        "apart-alike" if apart.low <= 0.5 else "apart-much" if apart.auc > _MUCH else "apart-little"
    )
    auc = f"AUC {apart.auc:.3f} [{apart.low:.3f}, {apart.high:.3f}]"
    return group(
        tag("p", tag("strong", auc), " · ", both(TABLE[key])),
        tag("p", both(say_table("apart-text", test=report.test_name, n=found.apart_rows)),
            class_="quiet"),
    )  # fmt: skip


def _told(members: pd.DataFrame) -> pd.DataFrame:
    """What is read first, and fits the page; the CSV file has the rest."""
    kind = ["kind"] if members["kind"].nunique() > 1 else []
    names = ["name", *kind, "score", "weight", "n_seeds", "settings"]
    return members[[name for name in names if name in members]].head(_MOST_TRIED)


def _tables(report: TableReport) -> dict[str, pd.DataFrame]:
    tables = {"members": report.model.members, "tried": report.model.tried}
    return {**tables, "worst-rows": report.explanation.worst}


def _table(shown: pd.DataFrame, name: str, whole: pd.DataFrame) -> Html:
    # Of a user's rows only the columns that are ours have words.
    ours = set(shown.columns[-4:]) | {"row"} if name == "worst-rows" else None

    def word(text: object) -> Text:
        return table_word(text) if ours is None or text in ours else str(text)

    links = tag("p", group(*csv_links(name, csv_bytes(whole)), between=" "), class_="files")
    return tag("div", frame_table(shown, word=word), links, class_="table-block told")


def _rounded(worst: pd.DataFrame) -> pd.DataFrame:
    """Large numbers without decimals, as a reader wants them; the CSV file has them all."""
    large = [
        name
        for name in worst.columns
        if worst[name].dtype.kind == "f" and (worst[name].abs() >= 1000).any()
    ]
    return worst.astype(dict.fromkeys(large, "int64"))


def _how(report: TableReport) -> Html:
    model, found = report.model, report.explanation
    rows = [tag("span", report.n_rows)]
    if report.n_dropped:
        rows.append(tag("span", both(say_table("dropped", n=report.n_dropped)), class_="quiet"))
    facts = [_fact("training", group(f"{report.name}:", *rows, between=" "))]
    if report.test_name:
        facts.append(_fact("predicting", tag("span", f"{report.test_name}: {report.n_test}")))
    times = say_table("training-time", a=seconds_text(model.seconds), b=seconds_text(found.seconds))
    facts += [
        _fact("metric", both({one: _metric(model, one) for one in LANGUAGES})),
        _fact("folds", tag("span", model.n_folds)),
        _fact("columns", _kinds(report)),
        _fact("time", both(times)),
    ]
    short = [*model.shortcuts, *found.shortcuts]
    if short:
        lines = [tag("li", both(say_shortcut(one.key, one.values))) for one in short]
        facts.append(_fact("shortcuts", tag("ul", *lines, class_="bare")))
    if report.command:
        facts.append(_fact("command", tag("code", report.command)))
    return group(
        tag("dl", *facts, class_="facts"),
        tag("p", both(TABLE["types-text"]), " ", tag("code", "--types COLUMN=KIND"),
            class_="quiet"),
        tag("p", tag("time", report.made, datetime=report.made), class_="quiet")
        if report.made
        else None,
    )  # fmt: skip


def _metric(model: TableModel, language: str) -> str:
    why = say_phrases(model.cv.why)[language]
    name = score_name(model.metric, language)
    return f"{name} ({why})" if language == "en" else f"{name}（{why}）"


def _kinds(report: TableReport) -> Html:
    by_kind: dict[str, list[str]] = {}
    for column in report.model.schema.features:
        by_kind.setdefault(column.kind, []).append(column.name)
    return tag(
        "ul",
        *(
            tag("li", tag("strong", both(table_word(kind)), f" ({len(names)})"), " ", _some(names))
            for kind, names in by_kind.items()
        ),
        class_="bare",
    )


def _some(names: list[str]) -> str:
    more = ", ..." if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _fact(key: str, value: Html) -> Html:
    return tag("div", tag("dt", both(TABLE[key])), tag("dd", value))


def _earlier(home: Path) -> set[str]:
    try:
        record = json.loads((home / RECORD).read_text(encoding="utf-8"))
        # Names alone: a record from elsewhere must not reach files outside the folder.
        return {str(name) for name in record["files"] if "/" not in str(name)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
