"""The page of a detection of shift: its verdicts, scores, columns, examples, and how it tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure, Text
from mlplab.draw.words import LANGUAGES
from mlplab.pages.prose import literal
from mlplab.pages.report import Report, ReportTable, Section, report_id
from mlplab.pages.shift_figures import columns_figure, scores_figure
from mlplab.pages.shift_tables import column_table, p_value_table, verdict_table
from mlplab.pages.shift_words import SHIFT, head_words, say_shift, verdict_texts
from mlplab.pages.wording import Both

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.shift import Detection

_MOST_EXAMPLES, _MOST_SHOWN_COLUMNS = 10, 6


def shift_report(
    found: Detection,
    *,
    title: Text = "",
    first: str = "A",
    second: str = "B",
    rows: Any = None,
    files: Sequence[str] = (),
    not_compared: Sequence[str] = (),
    command: str = "",
) -> Report:
    """Return the page of a detection; see `write_report.report`.

    Args:
        found: from `shift.detect`.
        title: of the page (default: the finding).
        first, second: what the samples are called, such as their files.
        rows: the second sample as a frame, whose entries examples show; None shows none.
        files: names of the second sample's images.
        not_compared: columns that were left out before, such as ids.
        command: that makes the page again.
    """
    old, new = literal(first), literal(second)
    figures: list[Figure] = [scores_figure(found, first, second)]
    tables = {"verdicts": verdict_table(found), "tests": p_value_table(found)}
    tables["examples"] = _examples(found, first, second, rows, files)
    columns: list[str] = []
    if found.columns:
        figures.append(columns_figure(found))
        tables["columns"] = column_table(found)
        columns = ["column-sizes", "columns"]
    names = {"old": old, "new": new}
    detectable = f"{found.detectable:.3f}"
    n, m = (f"{size:,}" for size in found.judged)
    sections = [
        Section("verdicts", SHIFT["verdicts"], _verdicts(found, names), ["verdicts"]),
        Section("scores", SHIFT["scores"], "", ["scores"]),
        Section(
            "columns",
            SHIFT["columns"],
            SHIFT["columns-text" if found.columns else "no-columns"],
            columns,
        ),
        Section("examples", SHIFT["examples"], say_shift("examples-text", **names), ["examples"]),
        Section(
            "tested",
            SHIFT["tested"],
            say_shift("tested-text", p=found.n_permutations, n=n, m=m, detectable=detectable),
            ["tests"],
        ),
    ]
    sizes = [f"{size:,}" for size in found.rows]
    return Report(
        id=report_id(f"{first}-{second}-shift", "shift"),
        slug=f"{first} → {second}",
        kind="shift",
        title=title or _title(found, names),
        question=say_shift("question", n=sizes[0], m=sizes[1], **names),
        answer="",
        sections=sections,
        figures=figures,
        tables=tables,
        design=_design(found, first, second, not_compared),
        seconds=found.seconds,
        command=command or "ml.report(ml.shift.detect(first, second))",
    )


def _title(found: Detection, names: dict[str, str]) -> Both:
    key = "title-alike"
    if found.shifted.verdict == "supported":
        key = f"title-differ-{found.matters.verdict}"
    return say_shift(key, auc=f"{found.matters.size:.3f}", **names)


def _verdicts(found: Detection, names: dict[str, str]) -> Text:
    n = len(found.copies)
    told = [say_shift("copies", n=f"{n:,}", of=f"{found.rows[1]:,}", **names)] if n else []
    told += verdict_texts(found)
    if not n:
        told.append(say_shift("no-copies", **names))
    return {one: "\n\n".join(text[one] for text in told) for one in LANGUAGES}


def _examples(
    found: Detection, first: str, second: str, rows: pd.DataFrame | None, files: Sequence[str]
) -> ReportTable:
    import numpy as np
    import pandas as pd

    places = found.most_unlike(_MOST_EXAMPLES)
    odds = np.sort(found.scores[1])[::-1][: len(places)]
    table: dict[str, Any] = {"row": places.astype(np.int64), "log odds": odds}
    if files:
        table = {"file": [files[place] for place in places], "log odds": odds}
    own: dict[str, str] = {}
    if rows is not None:
        shown = [shift.name for shift in found.columns[:_MOST_SHOWN_COLUMNS]]
        for name in shown:
            # A column of the table may be called as one of ours.
            entries = rows[name].iloc[places].to_numpy()
            table[name if name not in table else f"{name} "] = entries
        own = {name: name for name in shown}
        own |= {e: e for name in shown for e in rows[name].iloc[places] if isinstance(e, str)}
    words = head_words()
    words = {one: {**words[one], **own} for one in LANGUAGES}
    frame = pd.DataFrame(table)
    title = say_shift("example-table", n=len(places), old=first, new=second)
    return ReportTable(title, frame, words, frame.round({"log odds": 2}), "examples")


def _design(
    found: Detection, first: str, second: str, not_compared: Sequence[str]
) -> dict[str, Any]:
    left_out = [*not_compared, *(f"{name} ({why})" for name, why in found.left_out.items())]
    return {
        "first_sample": f"{first}: {found.rows[0]:,}",
        "second_sample": f"{second}: {found.rows[1]:,}",
        "permuted": ", ".join(f"{size:,}" for size in found.judged),
        "scored": ", ".join(f"{len(rows):,}" for rows in found.scored),
        "permutations": found.n_permutations,
        "epsilon": found.epsilon,
        **({"not_compared": left_out} if left_out else {}),
    }
