"""Tables of a detection of shift: verdicts, columns and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplab.draw.words import LANGUAGES, VERDICT_SYMBOLS, VERDICT_WORDS
from mlplab.pages.report import ReportTable
from mlplab.pages.shift_words import SHIFT, change_text, head_words

if TYPE_CHECKING:
    from mlplab.shift import Detection

_MOST_COLUMNS = 20


def verdict_table(found: Detection) -> ReportTable:
    """Return the verdicts with sizes, intervals and p-values."""
    import pandas as pd

    verdicts = {"shifted": found.shifted, "matters": found.matters, "harmful": found.harmful}
    frame = pd.DataFrame(
        [
            {
                "question": question,
                "verdict": verdict.verdict,
                "size": verdict.size,
                "low": verdict.interval[0],
                "high": verdict.interval[1],
                "p": float("nan") if verdict.p is None else verdict.p,
            }
            for question, verdict in verdicts.items()
            if verdict is not None
        ]
    )
    words = head_words()
    for one in LANGUAGES:
        words[one] |= {key: SHIFT[key][one] for key in verdicts}
        words[one] |= {
            word: f"{VERDICT_SYMBOLS[word]} {VERDICT_WORDS[word][one]}" for word in frame["verdict"]
        }
    shown = frame.round({"size": 3, "low": 3, "high": 3})
    return ReportTable(SHIFT["verdict-table"], frame, words, shown, "verdicts")


def column_table(found: Detection, most: int = _MOST_COLUMNS) -> ReportTable:
    """Return the columns with sizes, directions and p-values; the page shows the first ones."""
    import pandas as pd

    changes = {shift.name: change_text(found.changes[shift.name]) for shift in found.columns}
    frame = pd.DataFrame(
        [
            {
                "column": shift.name,
                "size": shift.size,
                "what changed": changes[shift.name]["en"],
                "p (Holm)": shift.p,
            }
            for shift in found.columns
        ]
    )
    words = head_words()
    # A reader's column may have the name of one of ours: heads come last.
    own = {shift.name: shift.name for shift in found.columns}
    told = {change["en"]: change for change in changes.values()}
    for one in LANGUAGES:
        words[one] = {**own, **words[one], **{key: told[key][one] for key in told}}
    shown = frame.head(most).assign(size=frame["size"].round(3))
    shown["p (Holm)"] = [float(f"{p:.2g}") for p in shown["p (Holm)"]]
    return ReportTable(SHIFT["column-table"], frame, words, shown, "columns")


def p_value_table(found: Detection) -> ReportTable:
    """Return the p-value of each test, and of all together."""
    import pandas as pd

    frame = pd.DataFrame(list(found.tests.items()), columns=["test", "p"])
    return ReportTable(SHIFT["test-table"], frame, head_words(), None, "tests")
