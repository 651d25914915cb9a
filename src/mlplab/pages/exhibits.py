"""Figures on a page: the interactive chart, the picture it falls back to, and its files."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw import THEMES, Figure, Text, chart_config, in_language
from mlplab.draw.theme import FONT
from mlplab.draw.words import LANGUAGES
from mlplab.pages.pictures import chart_libraries
from mlplab.pages.tables import frame_table
from mlplab.pages.tags import Html, both, group, tag
from mlplab.pages.wording import UI, say

if TYPE_CHECKING:
    import pandas as pd

# Longer tables are in the CSV file only, and larger files beside the page only.
_ROWS_SHOWN = 60
# Browsers may refuse links to files on a disk; larger tables would weigh on each page.
_BYTES_EMBEDDED = 150_000
# What a picture in a page needs no more: its text is told by `alt`, its font once.
_SPARE = re.compile(r' (aria-[a-z]+|role|class|pointer-events|font-family)="[^"]*"')
_LONG = re.compile(r"(\.\d\d)\d+")
_PATH = re.compile(r' (?:d|transform)="[^"]*"')


def figure_files(figure: Figure) -> dict[str, bytes]:
    """Return a figure's files by name: an SVG picture in each language, a PNG, and the numbers."""
    pictures = {
        _svg_name(figure, one): figure.svg("light", language=one, paper=True).encode()
        for one in LANGUAGES
    }
    # Chinese needs a font that a machine may lack; where an SVG is opened, there is one.
    return {
        **pictures,
        f"{figure.name}.png": figure.png("light", 2, paper=True),
        f"{figure.name}.csv": csv_bytes(figure.data),
    }


def exhibit(figure: Figure) -> Html:
    """Return a figure: title, chart, caption, files, and its numbers as a table."""
    caption = both(figure.caption, "span") if in_language(figure.caption) else None
    csv = csv_bytes(figure.data)
    links = [
        group(*(file_link(_svg_name(figure, one), "SVG", one) for one in LANGUAGES)),
        file_link(f"{figure.name}.png", "PNG"),
        *csv_links(figure.name, csv),
        tag("span", both(say("rows", n=len(figure.data))), class_="quiet"),
    ]
    return tag(
        "figure",
        tag("h3", both(figure.title)),
        tag(
            "div",
            _picture(figure),
            tag("div", class_="live"),
            class_="chart",
            data_name=figure.name,
        ),
        tag("figcaption", caption) if caption else None,
        tag("p", group(*links, between=" "), class_="files"),
        numbers_table(figure.data, figure.word),
        id=f"figure-{figure.name}",
    )


def numbers_table(frame: pd.DataFrame, word: Callable[[object], Text] = str) -> Html | None:
    """Return a frame folded away, if it is short enough to be read; `word` names what it holds.

    The keys of runs, and of claims whose words stand beside them, are in the CSV file alone.
    """
    if len(frame) > _ROWS_SHOWN:
        return None
    keys = ["key", "claim"] if "says" in frame else ["key"]
    frame = frame.drop(columns=keys, errors="ignore")
    return tag("details", tag("summary", both(UI["table-of"])), frame_table(frame, word=word))


def csv_links(name: str, csv: bytes) -> list[Html]:
    """Return the link to a CSV file, and the same numbers kept in the page."""
    links = [file_link(f"{name}.csv", "CSV")]
    if len(csv) <= _BYTES_EMBEDDED:
        links.append(
            tag(
                "a",
                both(UI["embedded"]),
                href=f"data:text/csv;base64,{base64.b64encode(csv).decode()}",
                download=f"{name}.csv",
            )
        )
    return links


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV with every digit."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


def chart_scripts(figures: Sequence[Figure]) -> Html:
    """Return the libraries, the specs in each language and the two looks, for the page's script."""
    if not figures:
        return Html("")
    specs = {
        figure.name: {
            language: figure.spec(titled=False, language=language) for language in LANGUAGES
        }
        for figure in figures
    }
    return group(
        _json("chart-specs", specs),
        _json("chart-looks", {name: chart_config(name) for name in THEMES}),
        tag("script", Html(chart_libraries(figures[0].vegalite_version))),
    )


def _json(name: str, value: Any) -> Html:
    # "<" could end the script element early.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return tag("script", Html(text), type="application/json", id=name)


def _picture(figure: Figure) -> Html:
    # Embedded, so that a page is one file; the browser picks one of the two.
    light, dark = (_data_uri(figure.svg(name, titled=False)) for name in ("light", "dark"))
    told = in_language(figure.title)
    caption = in_language(figure.caption)
    return tag(
        "picture",
        tag("source", srcset=dark, media="(prefers-color-scheme: dark)"),
        tag("img", src=light, alt=f"{told}. {caption}" if caption else told),
    )


def _data_uri(svg: str) -> str:
    # Coordinates to a hundredth of a pixel: nobody sees more, and paths are most of a picture.
    svg = _PATH.sub(lambda path: _LONG.sub(r"\1", path[0]), _SPARE.sub("", svg))
    svg = svg.replace("<svg ", f"<svg font-family='{FONT}' ", 1)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _svg_name(figure: Figure, language: str) -> str:
    return f"{figure.name}.svg" if language == "en" else f"{figure.name}.{language}.svg"


def file_link(file: str, name: str, language: str | None = None) -> Html:
    """Return the link to a file beside the page; one of a language shows in that alone."""
    shown = None if language is None else "t"
    return tag("a", name, href=file, download=True, class_=shown, lang=language)
