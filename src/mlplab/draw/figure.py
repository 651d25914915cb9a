"""A figure: a chart, what it says, and the numbers it shows."""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplab.atomic import atomic_file
from mlplab.draw.live import live_page
from mlplab.draw.stored_chart import StoredChart, version_of
from mlplab.draw.theme import chart_config, get_theme
from mlplab.draw.words import Text, column_title, in_language, translate
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from altair.typing import ChartType

# The text column of a page; on narrower screens the live chart fills its element.
WIDTH_PX = 640
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
# Where a spec holds words: fixed ones, and names that only the figure's own words may replace.
_FIXED = {"title", "text", "word"}
_NAMES = {"axis", "series", "label", "x", "domain", "sort"}


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Figure:
    """A chart with its finding as title; the same spec serves light and dark paper.

    Attributes:
        name: names its files: lower-case letters, digits, hyphens.
        title: the finding, from the results; a string, or one per language.
        chart: the Altair chart, without title and colours, or one that was kept as its spec.
        caption: what is shown, with what bands mean; a string, or one per language.
        data: every number shown, for the CSV file.
        words: Chinese for words on the chart that the room does not know.
        english: English for keys on the chart; a word without an entry stays as it is.
        pictures: what was drawn already, by a hash of the spec; each is drawn once.

    Raises:
        ConfigError: a name that cannot be a file's, or no title.
    """

    name: str
    title: Text
    chart: ChartType | StoredChart
    caption: Text
    data: pd.DataFrame
    words: Mapping[str, str] = field(default_factory=dict)
    english: Mapping[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)
    # Making and validating the spec costs more than all else that a page does with a chart.
    _text: list[str] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(
                f"figure name: expected lower-case letters, digits and hyphens; got {self.name!r}"
            )
        if not in_language(self.title).strip():
            raise ConfigError(f"figure {self.name!r}: expected a title that says the finding")

    def __repr__(self) -> str:
        return f"Figure({self.name!r}: {in_language(self.title)!r}, {len(self.data)} rows)"

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, Any]:
        # On white paper, in dark notebooks as well; the picture is for those that draw no charts.
        major = self.vegalite_version.partition(".")[0]
        return {
            f"application/vnd.vegalite.v{major}+json": self.spec("light", paper=True),
            "image/svg+xml": self.svg(paper=True),
            "text/plain": repr(self),
        }

    def spec(
        self,
        theme: str | None = None,
        *,
        width: int | str | None = None,
        titled: bool = True,
        language: str = "en",
        paper: bool = False,
    ) -> dict[str, Any]:
        """Return the chart as a validated Vega-Lite spec.

        Args:
            theme: `light`, `dark`, or None to leave the config to whoever shows it.
            width: pixels, or `container` to fill the element around it.
            titled: with title and caption on the chart itself.
            language: of everything written on it.
            paper: fill the background instead of leaving it transparent.
        """
        spec: dict[str, Any] = json.loads(self.chart_text)
        spec.pop("config", None)
        if width is not None:
            spec["width"] = width
        title = in_language(self.title, language)
        caption = in_language(self.caption, language)
        words = self.english if language == "en" else self.words
        if words or language != "en":
            spec = _translated(spec, language, words)
            _fit_legends(spec)
        spec["description"] = f"{title}. {caption}" if caption else title
        if titled:
            pixels = spec["width"] if isinstance(spec.get("width"), int) else WIDTH_PX
            # Vega breaks no lines: 7.6 and 5.7 pixels are a letter's mean widths.
            spec["title"] = {"text": _wrap(title, int(pixels / 7.6))}
            if caption:
                spec["title"]["subtitle"] = _wrap(caption, int(pixels / 5.7))
        if theme is not None:
            spec["config"] = chart_config(theme)
            if paper:
                spec["background"] = get_theme(theme).paper
        return spec

    def word(self, text: object) -> Text:
        """Return a column's name or a cell of `data` in both languages."""
        key = str(text)
        known = translate(key, "zh", self.words)
        chinese = column_title(key, self.words, "zh") if known == key else known
        return {"en": self.english.get(key, key), "zh": chinese}

    def svg(
        self,
        theme: str = "light",
        *,
        language: str = "en",
        titled: bool = True,
        width: int | None = None,
        paper: bool = False,
    ) -> str:
        """Return the chart as SVG; no browser and no network is used."""
        spec = self.spec(theme, language=language, titled=titled, width=width, paper=paper)
        key = _picture_key("svg", spec)
        if key not in self.pictures:
            import vl_convert

            drawn = vl_convert.vegalite_to_svg(spec, vl_version=self.vegalite_version)
            self.pictures[key] = str(drawn).encode()
        return self.pictures[key].decode()

    def png(
        self,
        theme: str = "light",
        scale: float = 2,
        *,
        language: str = "en",
        titled: bool = True,
        paper: bool = False,
    ) -> bytes:
        """Return the chart as PNG, `scale` pixels per unit."""
        spec = self.spec(theme, language=language, titled=titled, paper=paper)
        key = _picture_key(f"png {scale}", spec)
        if key not in self.pictures:
            import vl_convert

            # Of the SVG, whose bytes it is made of anyway: half the time, the same picture.
            drawn = self.svg(theme, language=language, titled=titled, paper=paper)
            self.pictures[key] = bytes(vl_convert.svg_to_png(drawn, scale=scale))
        return self.pictures[key]

    def save(
        self,
        path: str | Path,
        theme: str = "light",
        *,
        language: str = "en",
        titled: bool = True,
        paper: bool = True,
    ) -> Path:
        """Write the figure to a file, whole or not at all; the ending says as what.

        Args:
            path: ends in `.svg` or `.png` (pictures), `.html` (an interactive page that needs no
                network) or `.json` (its Vega-Lite spec). Its folder is made where it is missing.
            theme: `light` or `dark`.
            language: of everything written on it.
            titled: with title and caption on the chart itself.
            paper: fill the background instead of leaving it transparent.

        Returns:
            The path.

        Raises:
            ConfigError: another ending, or a place that cannot be written to.
        """
        path = Path(path)
        ending = path.suffix.lower()
        how: dict[str, Any] = {"language": language, "titled": titled, "paper": paper}
        if ending == ".png":
            content = self.png(theme, **how)
        elif ending == ".svg":
            content = self.svg(theme, **how).encode()
        elif ending == ".json":
            content = json.dumps(self.spec(theme, **how), ensure_ascii=False, indent=1).encode()
        elif ending == ".html":
            title = in_language(self.title, language)
            spec = self.spec(theme, **how)
            content = live_page(spec, title, language, self.vegalite_version).encode()
        else:
            raise ConfigError(
                f"path: expected a name that ends in .svg, .png, .html or .json; got {path.name!r}"
            )
        try:
            with atomic_file(path) as draft:
                draft.write_bytes(content)
        except OSError as problem:
            raise ConfigError(f"{path}: cannot be written ({problem.strerror})") from None
        return path

    @property
    def vegalite_version(self) -> str:
        """The Vega-Lite version of the spec, as `vl_convert` names it."""
        return version_of(self.chart_text)

    def to_plain(self) -> dict[str, Any]:
        """Return the figure as plain values and arrays, from which it can be made again exactly.

        Raises:
            TypeError: its data have a column that has no exact form.
        """
        from mlplab.draw.frames import frame_to_plain

        return {
            "name": self.name,
            "title": _plain_text(self.title),
            "chart": self.chart_text,
            "caption": _plain_text(self.caption),
            "data": frame_to_plain(self.data),
            "words": dict(self.words),
            "english": dict(self.english),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Figure:
        """Return the figure that `to_plain` described; its chart is kept as a spec.

        Raises:
            ValueError, KeyError, TypeError: it describes none.
        """
        from mlplab.draw.frames import frame_from_plain

        version_of(plain["chart"])
        return cls(
            plain["name"],
            plain["title"],
            StoredChart(plain["chart"]),
            plain["caption"],
            frame_from_plain(plain["data"]),
            plain["words"],
            plain["english"],
        )

    @property
    def chart_text(self) -> str:
        """The chart's validated spec as JSON, without title and colours."""
        if not self._text:
            chart = self.chart
            self._text.append(
                chart.text if isinstance(chart, StoredChart) else json.dumps(chart.to_dict())
            )
        return self._text[0]


def _picture_key(kind: str, spec: Mapping[str, Any]) -> str:
    # With the drawer's version: another one may draw the same spec otherwise.
    text = json.dumps([kind, _drawer(), spec], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _drawer() -> str:
    return version("vl-convert-python")


def _plain_text(text: Text) -> str | dict[str, str]:
    return text if isinstance(text, str) else dict(text)


def _translated(part: Any, language: str, words: Mapping[str, str], key: str = "") -> Any:
    if isinstance(part, dict):
        return {name: _translated(item, language, words, name) for name, item in part.items()}
    if isinstance(part, list):
        return [_translated(item, language, words, key) for item in part]
    if isinstance(part, str) and key in _FIXED:
        return translate(part, language, words)
    if isinstance(part, str) and key in _NAMES:
        return words.get(part, part) if " × " not in part else column_title(part, words, language)
    return part


def legend_columns(labels: Sequence[str]) -> dict[str, str]:
    """Return as many columns of a legend as the chart is wide: legends wrap on a telephone."""
    longest = max(len(label) + sum(ord(letter) > 0x2E7F for letter in label) for label in labels)
    return {"expr": f"max(1, floor(width / {56 + 7.2 * longest:.0f}))"}


def _fit_legends(part: Any) -> None:
    """Let legends have room for the words that took the place of others."""
    if isinstance(part, list):
        for item in part:
            _fit_legends(item)
    if isinstance(part, dict):
        legend, scale = part.get("legend"), part.get("scale")
        if isinstance(legend, dict) and "columns" in legend and isinstance(scale, dict):
            legend["columns"] = legend_columns(scale["domain"])
        for item in part.values():
            _fit_legends(item)


def _wrap(text: str, columns: int) -> list[str]:
    wide = sum(ord(letter) > 0x2E7F for letter in text)
    if wide * 3 > len(text):
        # Chinese has no blanks to break at, and its letters are twice as wide.
        step = max(8, columns // 2)
        return [text[start : start + step] for start in range(0, len(text), step)]
    return textwrap.wrap(text, columns, break_on_hyphens=False) or [""]
