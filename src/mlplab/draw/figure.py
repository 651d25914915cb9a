"""A figure: a chart, what it says, and the numbers it shows."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlplab.draw.theme import chart_config, get_theme
from mlplab.draw.words import Text, in_language, translate
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from altair.typing import ChartType

WIDTH_PX = 640
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
# Where a spec holds words: fixed ones, and names that only the figure's own words may replace.
_FIXED = {"title", "text", "word"}
_NAMES = {"series", "label", "domain"}


@dataclass(frozen=True, eq=False, slots=True)
class Figure:
    """A chart with its finding as title; the same spec serves light and dark paper.

    Attributes:
        name: names its files: lower-case letters, digits, hyphens.
        title: the finding, from the results; a string, or one per language.
        chart: the Altair chart, without title and colours.
        caption: what is shown, with what bands mean; a string, or one per language.
        data: every number shown, for the CSV file.
        words: Chinese for words on the chart that the room does not know.

    Raises:
        ConfigError: a name that cannot be a file's, or no title.
    """

    name: str
    title: Text
    chart: ChartType
    caption: Text
    data: pd.DataFrame
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(
                f"figure name: expected lower-case letters, digits and hyphens; got {self.name!r}"
            )
        if not in_language(self.title).strip():
            raise ConfigError(f"figure {self.name!r}: expected a title that says the finding")

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
        spec: dict[str, Any] = self.chart.to_dict()
        spec.pop("config", None)
        if width is not None:
            spec["width"] = width
        title = in_language(self.title, language)
        caption = in_language(self.caption, language)
        spec = _translated(spec, language, self.words)
        spec["description"] = f"{title}. {caption}" if caption else title
        if titled:
            pixels = spec["width"] if isinstance(spec.get("width"), int) else WIDTH_PX
            spec["title"] = {"text": _wrap(title, int(pixels / 7.6))}
            if caption:
                spec["title"]["subtitle"] = _wrap(caption, int(pixels / 5.7))
        if theme is not None:
            spec["config"] = chart_config(theme)
            if paper:
                spec["background"] = get_theme(theme).paper
        return spec

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
        import vl_convert

        spec = self.spec(theme, language=language, titled=titled, width=width, paper=paper)
        return str(vl_convert.vegalite_to_svg(spec, vl_version=vegalite_version()))

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
        import vl_convert

        spec = self.spec(theme, language=language, titled=titled, paper=paper)
        return bytes(vl_convert.vegalite_to_png(spec, vl_version=vegalite_version(), scale=scale))


def vegalite_version() -> str:
    """Return the Vega-Lite version that Altair writes, as `vl_convert` names it."""
    import altair as alt

    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def _translated(part: Any, language: str, words: Mapping[str, str], key: str = "") -> Any:
    if language == "en":
        return part
    if isinstance(part, dict):
        return {name: _translated(item, language, words, name) for name, item in part.items()}
    if isinstance(part, list):
        return [_translated(item, language, words, key) for item in part]
    if isinstance(part, str) and key in _FIXED:
        return translate(part, language, words)
    if isinstance(part, str) and key in _NAMES:
        return words.get(part, part)
    return part


def _wrap(text: str, columns: int) -> list[str]:
    wide = sum(ord(letter) > 0x2E7F for letter in text)
    if wide * 3 > len(text):
        # Chinese has no blanks to break at, and its letters are twice as wide.
        step = max(8, columns // 2)
        return [text[start : start + step] for start in range(0, len(text), step)]
    return textwrap.wrap(text, columns, break_on_hyphens=False) or [""]
