"""What an object shows of itself: short text for a console, a small table for a notebook."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_ROWS = 20
"""A table shows no more rows, and says how many there are."""
MOST_ITEMS = 8
"""A list in a text shows no more items, and says how many there are."""
_MOST_LETTERS = 160

# No colours and no backgrounds: those of the notebook, dark or light, stay.
_QUIET = "opacity: 0.7"


def listed(items: Iterable[Any], most: int = MOST_ITEMS, between: str = ", ") -> str:
    """Return items as text, of a long list the first.

    >>> listed("abc"), listed(range(12)), listed([])
    ('a, b, c', '0, 1, 2, 3, 4, 5, 6, 7, ... 4 more', 'none')
    """
    texts = [str(item) for item in items] or ["none"]
    rest = len(texts) - most
    return between.join(texts if rest <= 0 else [*texts[:most], f"... {rest} more"])


def text_of(value: Any) -> str:
    """Return a value as a cell shows it.

    >>> text_of(0.123456), text_of((16, 32)), text_of(None), text_of(float("nan"))
    ('0.1235', '16, 32', '–', '–')
    """
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()  # numpy's numbers as Python's
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return listed(map(text_of, value))
    text = str(value)
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 3] + "..."


def interval_text(interval: Sequence[float] | None) -> str:
    """Return an interval, `–` where there is none.

    >>> interval_text((0.5, 0.75)), interval_text(None)
    ('[0.5, 0.75]', '–')
    """
    return "–" if interval is None else f"[{interval[0]:.4g}, {interval[1]:.4g}]"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A title, facts below it, and a table.

    Attributes:
        title: one line.
        facts: name -> value.
        folded: further facts, which a click shows; and what they are.
        heads: of the table's columns.
        rows: of the table, or the first of them.
        n_rows: how many there are, where more than those given.
        note: a line at the end.
    """

    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    folded: tuple[str, Mapping[str, Any]] = ("", {})
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    n_rows: int = 0
    note: str = ""

    def html(self) -> str:
        """Return it as HTML; every text in it is escaped."""
        parts = [f"<strong>{html.escape(self.title)}</strong>"]
        if self.facts:
            parts.append(_table([], list(self.facts.items())))
        says, facts = self.folded
        if facts:
            is_open = "" if self.facts else " open"
            inner = _table([], list(facts.items()))
            summary = f'<summary style="{_QUIET}">{html.escape(says)}</summary>'
            parts.append(f"<details{is_open}>{summary}{inner}</details>")
        if self.heads:
            parts.append(_table(self.heads, self.rows[:MOST_ROWS]))
            rest = max(self.n_rows, len(self.rows)) - len(self.rows[:MOST_ROWS])
            parts += [_small(f"... {rest:,} more")] if rest > 0 else []
        parts += [_small(self.note)] if self.note else []
        return f"<div>{''.join(parts)}</div>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    # Numbers of a column stand below each other; facts, which have no heads, all begin alike.
    right = [bool(heads) and all(map(_is_number, column)) for column in zip(*rows, strict=True)]

    def line(cells: Iterable[Any], kind: str) -> str:
        aligned = zip(cells, right or [False] * len(heads), strict=True)
        return f"<tr>{''.join(_cell(cell, kind, one) for cell, one in aligned)}</tr>"

    head = f"<thead>{line(heads, 'th')}</thead>" if heads else ""
    body = "".join(line(row, "td") for row in rows)
    return f'<table cellpadding="3">{head}<tbody>{body}</tbody></table>'


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _cell(value: Any, kind: str, right: bool) -> str:
    style = f"text-align:{'right' if right else 'left'};vertical-align:top"
    return f'<{kind} style="{style}">{html.escape(text_of(value))}</{kind}>'


def _small(text: str) -> str:
    return f'<div style="{_QUIET}">{html.escape(text)}</div>'
