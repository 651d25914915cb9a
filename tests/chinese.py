"""What a Chinese page still says in another language, as its reader sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

# Names that Chinese texts do not translate: kinds of files, and values of specs in a list.
NAMES = ("SVG", "PNG", "CSV", "relu", "tanh", "gelu", "leaky-relu")
# What nobody translates: code and formulas; pictures stand in for charts that cannot be drawn.
_SILENT = {"code", "kbd", "math", "picture", "pre", "script", "style", "svg", "title"}
_EMPTY = {"br", "col", "hr", "img", "input", "link", "meta", "source"}
# Elements within a line: words to both sides of their tags stand in a row.
_INLINE = {"a", "b", "em", "i", "span", "strong"}
_WORD = r"[A-Za-z][A-Za-z'’-]+"
_ROW = re.compile(rf"(?<![\w./=-]){_WORD}(?:[ ,;:()“”\"]+{_WORD}){{2,}}(?![\w/=])")
# Where a chart's spec holds what it shows; data fields of other names hold keys.
_WRITTEN = {"title", "text", "label", "series", "word", "domain", "sort"}


class _Reader(HTMLParser):
    """Gathers the text that a page shows when its language is Chinese."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = [""]
        self.specs = ""
        self._open: list[tuple[str, bool]] = []
        self._in_specs = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _INLINE:
            self.texts.append("")
        if tag in _EMPTY:
            return
        told = dict(attrs)
        self._in_specs = told.get("id") == "chart-specs"
        hidden = tag in _SILENT or (told.get("lang") == "en" and "t" in (told.get("class") or ""))
        self._open.append((tag, hidden or bool(self._open and self._open[-1][1])))
        if hidden:
            self.texts[-1] += " … "

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag not in _INLINE:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self._in_specs:
            self.specs += data
            self._in_specs = False
        elif not (self._open and self._open[-1][1]):
            self.texts[-1] += data


def chinese_texts(html: str) -> list[str]:
    """Return what a page shows in Chinese, block by block, its charts included."""
    reader = _Reader()
    reader.feed(html)
    specs = json.loads(reader.specs or "{}")
    shown = [text for one in specs.values() for text in _written(one["zh"])]
    return [text for text in (" ".join(one.split()) for one in [*reader.texts, *shown]) if text]


def latin_rows(texts: Iterable[str], names: Iterable[str] = NAMES) -> list[str]:
    """Return where three or more Latin words in a row stand, names taken out."""
    known = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    found = [row for text in texts for row in _ROW.findall(known.sub("…", text))]
    return list(dict.fromkeys(found))


def _written(part: Any, key: str = "") -> Iterator[str]:
    if isinstance(part, Mapping):
        for name, item in part.items():
            yield from _written(item, name)
    elif isinstance(part, list):
        for item in part:
            yield from _written(item, key)
    elif isinstance(part, str) and key in _WRITTEN:
        yield part
