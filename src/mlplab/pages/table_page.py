"""The page of a fitted table model: its score, errors, columns, members, and how it was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplab.draw import Text
from mlplab.draw.words import LANGUAGES, join_texts
from mlplab.pages.dependence_figures import dependence_figures
from mlplab.pages.numbers import seconds_text
from mlplab.pages.prose import literal
from mlplab.pages.report import Report, ReportTable, Section, report_id
from mlplab.pages.shift_figures import scores_figure
from mlplab.pages.shift_tables import column_table, verdict_table
from mlplab.pages.shift_words import verdict_texts
from mlplab.pages.table_figures import model_figures
from mlplab.pages.table_numbers import estimate_text, number_text, score_name
from mlplab.pages.table_words import (
    COLUMNS_ZH,
    TABLE,
    say_phrases,
    say_shortcut,
    say_table,
    table_word,
)

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular import CrossValidation, Explanation, TableModel

_MOST_TRIED, _MOST_NAMES, _MOST_SHIFTED = 40, 200, 8


def table_report(
    found: Explanation,
    *,
    title: Text = "",
    name: str = "train",
    test_name: str = "test",
    n_dropped: int = 0,
    n_copies: int = 0,
    command: str = "",
) -> Report:
    """Return the page of a table model; see `write_report.report`.

    Args:
        found: from `explain`.
        title: of the page (default: what is predicted from what, and the score).
        name: of the training rows, or of their file.
        test_name: of the rows to predict.
        n_dropped: rows left out because their target is missing.
        n_copies: rows to predict that are copies of training rows.
        command: that makes the page again.
    """
    model = found.model
    figures = {**model_figures(found), "dependence": dependence_figures(found)}
    tables = {"worst": _worst(found), "members": _configurations(model.members, "members")}
    tables["tried"] = _configurations(model.tried, "tried")
    held = {key: [figure.name for figure in drawn] for key, drawn in figures.items()}
    held |= {"worst": ["worst"], "models": ["members", "tried"]}
    if found.shift is not None:
        detection = found.shift.detection
        figures["shift"] = [scores_figure(detection, TABLE["old-rows"], TABLE["new-rows"])]
        tables["verdicts"] = verdict_table(detection)
        held["shift"] = ["verdicts", "scores"]
        if detection.columns:
            tables["shifted"] = dataclasses.replace(
                column_table(detection, _MOST_SHIFTED), file="shifted-columns"
            )
            held["shift"].append("shifted")
    if not len(found.worst):
        del tables["worst"], held["worst"]
    texts: dict[str, Text] = {
        "score": _on_score(model.cv),
        "errors": "",
        "worst": TABLE[f"worst-{model.task}" if "worst" in tables else "none-worst"],
        "importance": "",
        "dependence": say_table("dependence-text", n=found.dependence_rows, all=found.n_rows)
        if found.dependence
        else TABLE["none-dependence"],
        "gaps": "" if figures["gaps"] else TABLE["no-gaps"],
        "shift": _on_shift(found, test_name, n_copies),
        "models": "",
    }
    if not found.n_test:
        del texts["shift"]
    headings = {**TABLE, "errors": TABLE[f"errors-{model.task}"]}
    score = estimate_text(model.cv.score, model.cv.interval)
    target, source = literal(model.target), literal(name)
    return Report(
        id=report_id(Path(name).stem, "table"),
        slug=model.target,
        kind="table",
        title=title
        or {
            "en": f"{target} from {source}: {score_name(model.metric)} {score}",
            "zh": f"由 {source} 预测 {target}：{score_name(model.metric, 'zh')} {score}",
        },
        question=_summary(found),
        answer="",
        sections=[
            Section(key, headings[key], text, held.get(key, ())) for key, text in texts.items()
        ],
        figures=[figure for drawn in figures.values() for figure in drawn],
        tables=tables,
        design=_design(found, name, test_name, n_dropped),
        seconds=model.seconds + found.seconds,
        command=command or "ml.report(explain(model, train, test))",
    )


def _summary(found: Explanation) -> Text:
    model = found.model
    n, k, folds = len(model.members), len(model.tried), model.n_folds
    kind, kind_zh = ("classes", "类别") if found.is_classes else ("numbers", "数值")
    return {
        "en": f"{found.n_rows} rows, {folds} folds. Of {k} configurations tried, {n} "
        f"{'is kept as the' if n == 1 else 'are mixed into one'} model of {kind}. The interval is "
        "of 95 %.",
        "zh": f"{found.n_rows} 行，{folds} 折。尝试了 {k} 个配置，"
        f"其中 {n} 个组成最终的{kind_zh}模型。区间为 95 %。",
    }


def _on_score(cv: CrossValidation) -> Text:
    optimistic = number_text(cv.optimistic)
    key = "same" if optimistic == number_text(cv.score) else "honest"
    nested = "" if cv.nested is None else say_table("nested", nested=number_text(cv.nested))
    return join_texts(say_table(key, optimistic=optimistic), nested)


def _on_shift(found: Explanation, test_name: str, n_copies: int) -> Text:
    told, name = [], literal(test_name)
    if n_copies:
        told.append(say_table("copies", n=n_copies, of=found.n_test, test=name))
    if found.shift is None:
        told.append(TABLE["shift-few"])
    else:
        detection = found.shift.detection
        told += verdict_texts(detection)
        if detection.shifted.verdict == "supported" and detection.matters.verdict != "refuted":
            told.append(TABLE["shift-warns"])
        told.append(
            say_table(
                "shift-text",
                test=name,
                n=f"{detection.rows[0]:,}",
                m=f"{detection.rows[1]:,}",
                p=detection.n_permutations,
            )
        )
    return {one: "\n\n".join(text[one] for text in told) for one in LANGUAGES}


def _configurations(rows: pd.DataFrame, key: str) -> ReportTable:
    """What is read first, and fits the page; the file has the rest."""
    kind = ["kind"] if rows["kind"].nunique() > 1 else []
    names = ["name", *kind, "score", "weight", "n_seeds", "settings"]
    shown = rows[[name for name in names if name in rows]].head(_MOST_TRIED)
    return ReportTable(TABLE[key], rows, _words(rows, told=True), shown, key)


def _worst(found: Explanation) -> ReportTable:
    worst = found.worst
    # Large numbers without decimals, as a reader wants them; the file has them all.
    large = [
        name
        for name in worst.columns
        if worst[name].dtype.kind == "f" and (worst[name].abs() >= 1000).any()
    ]
    shown = worst.astype(dict.fromkeys(large, "int64"))
    title = say_table("worst-rows", n=len(worst))
    return ReportTable(title, worst, _words(worst), shown, "worst-rows")


def _words(frame: pd.DataFrame, *, told: bool = False) -> Mapping[str, Mapping[str, str]]:
    """Our columns, and cells that tell of models, in Chinese; the reader's own stay as they are."""
    cells = [cell for name in frame for cell in frame[name] if isinstance(cell, str)]
    own = {str(text): str(text) for text in (*frame.columns, *cells)}
    chinese = {cell: table_word(cell)["zh"] if told else cell for cell in cells}
    return {"en": own, "zh": {**own, **COLUMNS_ZH, **chinese}}


def _metric(model: TableModel, language: str) -> str:
    why = say_phrases(model.cv.why)[language]
    name = score_name(model.metric, language)
    return f"{name} ({why})" if language == "en" else f"{name}（{why}）"


def _design(found: Explanation, name: str, test_name: str, n_dropped: int) -> dict[str, Any]:
    model = found.model
    columns: dict[str, list[str]] = {}
    for column in model.schema.features:
        columns.setdefault(column.kind, []).append(column.name)
    rows: Text = f"{name}: {found.n_rows}"
    if n_dropped:
        dropped = say_table("dropped", n=n_dropped)
        rows = {one: f"{rows} · {text}" for one, text in dropped.items()}
    spent = [seconds_text(one) for one in (model.seconds, found.seconds)]
    short = [say_shortcut(one.key, one.values) for one in (*model.shortcuts, *found.shortcuts)]
    return {
        "training_rows": rows,
        **({"test_rows": f"{test_name}: {found.n_test}"} if found.n_test else {}),
        "metric": {one: _metric(model, one) for one in LANGUAGES},
        "n_folds": model.n_folds,
        "column_kinds": {
            f"{kind} ({len(names)})": names[:_MOST_NAMES] + ["..."] * (len(names) > _MOST_NAMES)
            for kind, names in columns.items()
        },
        "cost": say_table("training-time", a=spent[0], b=spent[1]),
        **({"left_out": short} if short else {}),
        "note": TABLE["types-text"],
    }
