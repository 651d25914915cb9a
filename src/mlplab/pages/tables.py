"""Frames and plain values as HTML tables and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw import Text, in_language
from mlplab.draw.words import LANGUAGES, column_title
from mlplab.notes import Note
from mlplab.pages.numbers import cell_text
from mlplab.pages.tags import Html, both, escape, tag
from mlplab.pages.wording import DESIGN, FIELDS, UI

if TYPE_CHECKING:
    import pandas as pd


def frame_table(
    frame: pd.DataFrame, caption: Text = "", word: Callable[[object], Text] = str
) -> Html:
    """Return a frame as a table that scrolls sideways where it is wide.

    Args:
        frame: its rows.
        caption: above it.
        word: what a column or a cell of text is called, in every language.
    """
    numeric = [frame[name].dtype.kind in "iufb" for name in frame.columns]
    heads = [
        # A head without a word is none.
        tag(
            "th" if str(name) else "td",
            both(word(name)),
            scope="col" if str(name) else None,
            class_="number" if is_number else None,
        )
        for name, is_number in zip(frame.columns, numeric, strict=True)
    ]
    rows = [
        tag(
            "tr",
            *(
                tag(
                    "td",
                    _cell(value, word),
                    class_="number" if is_number else None,
                )
                for value, is_number in zip(row, numeric, strict=True)
            ),
        )
        for row in frame.itertuples(index=False, name=None)
    ]
    table = tag(
        "table",
        tag("caption", both(caption)) if caption else None,
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
        class_="plain",
    )
    # Reachable by keyboard, since it scrolls.
    name = in_language(caption) or ", ".join(map(str, frame.columns))
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)


def _cell(value: Any, word: Callable[[object], Text]) -> Html:
    return both(word(value)) if isinstance(value, str) else value_html(value)


def as_frame(rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame."""
    import pandas as pd

    return rows if isinstance(rows, pd.DataFrame) else pd.DataFrame([dict(row) for row in rows])


def value_html(value: Any) -> Html:
    """Return a plain value of a design: nested mappings become lists of terms, texts are told.

    >>> value_html([16, 32]), value_html([]), value_html({"tolerance": 0.1})
    ('16, 32', '–', '<dl><div><dt>tolerance</dt><dd>0.1</dd></div></dl>')
    """
    if isinstance(value, Mapping):
        if set(value) == set(LANGUAGES):
            return both(value)
        return description_list({key: value_html(item) for key, item in value.items()})
    if isinstance(value, Note):
        return both(value.texts)
    if isinstance(value, bool):
        return both(UI["yes" if value else "no"])
    if isinstance(value, list | tuple):
        if any(isinstance(item, Mapping) for item in value):
            return tag("ul", *(tag("li", value_html(item)) for item in value))
        return escape(", ".join(cell_text(item) for item in value)) or Html("–")
    return escape(cell_text(value))


def description_list(
    terms: Mapping[str, Html], words: Mapping[str, Text] = DESIGN, **attributes: str
) -> Html:
    """Return terms and what they stand for; those that have words in both languages."""
    rows = [
        tag("div", tag("dt", both(words.get(name) or _field(name))), tag("dd", value))
        for name, value in terms.items()
    ]
    return tag("dl", *rows, **attributes)


def _field(name: str) -> Text:
    english = name.replace("_", " ")
    chinese = column_title(name, FIELDS, "zh")
    return english if chinese == name else {"en": english, "zh": chinese}
