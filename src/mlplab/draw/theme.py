"""Colours and type of every chart and page, for light and for dark paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mlplab.errors import ConfigError

ThemeName = Literal["light", "dark"]

FONT = (
    'Inter, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", '
    '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "DejaVu Sans", sans-serif'
)

# A second channel beside colour: lines and points stay apart in print and for every eye.
DASHES = [[1, 0], [6, 3], [2, 2], [9, 3, 2, 3], [12, 4], [1, 3], [4, 2]]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"]


@dataclass(frozen=True, slots=True)
class Theme:
    """One look: what is written and drawn on which paper.

    Attributes:
        paper: the page behind a chart; charts themselves are transparent.
        ink, quiet, line: text, secondary text, rules and grids.
        wash: a surface a little apart from the paper.
        category: colours of unordered arms, told apart by the colour-blind as well.
        ordinal: colour scheme of ordered arms, however many; lightness runs one way.
        heat: colours of a heat map, low to high.
        heat_inks: text on the low and on the high half of `heat`.
        verdicts: colour of each verdict word.
    """

    name: ThemeName
    paper: str
    ink: str
    quiet: str
    line: str
    wash: str
    category: tuple[str, ...]
    ordinal: Mapping[str, Any]
    heat: tuple[str, ...]
    heat_inks: tuple[str, str]
    verdicts: Mapping[str, str]


def _verdicts(good: str, bad: str, same: str, open_: str) -> dict[str, str]:
    return {
        "supported": good,
        "proved": good,
        "refuted": bad,
        "equivalent": same,
        "undecided": open_,
        "none": open_,
    }


# Hues follow Okabe and Ito (2008); lightness is set so that each stands out from the paper.
LIGHT = Theme(
    name="light",
    paper="#FFFFFF",
    ink="#1B2430",
    quiet="#5A6675",
    line="#E3E7EC",
    wash="#F5F7F9",
    category=("#1C68C6", "#DE7502", "#00A97D", "#6E2061", "#934F14", "#8493C5", "#493833"),
    ordinal={"scheme": "viridis", "extent": [0.74, 0]},
    heat=("#EEF4F9", "#B4D3EB", "#5498CC", "#1A62A8", "#08366B"),
    heat_inks=("#05070A", "#FFFFFF"),
    verdicts=_verdicts("#007A55", "#B24400", "#1459AE", "#5A6675"),
)
DARK = Theme(
    name="dark",
    paper="#12161C",
    ink="#E7EBF0",
    quiet="#9CA8B7",
    line="#2A323D",
    wash="#1A2028",
    category=("#93C4FF", "#E18000", "#29A265", "#AA6298", "#F4E166", "#0787E7", "#D0ECFC"),
    ordinal={"scheme": "viridis", "extent": [0.32, 1]},
    heat=("#1B2531", "#1C3F65", "#24639C", "#5E9FD2", "#D3EAFB"),
    heat_inks=("#FFFFFF", "#05070A"),
    verdicts=_verdicts("#4FCB9A", "#FF9D4D", "#8CC0FF", "#A9B4C2"),
)
THEMES: Mapping[str, Theme] = {"light": LIGHT, "dark": DARK}


def get_theme(name: str) -> Theme:
    """Return a theme by name.

    Raises:
        ConfigError: neither `light` nor `dark`.
    """
    if name not in THEMES:
        raise ConfigError(f"theme: expected 'light' or 'dark'; got {name!r}")
    return THEMES[name]


def chart_config(name: str) -> dict[str, Any]:
    """Return the Vega-Lite config of a theme: every colour of a chart comes from here.

    Charts name roles (`style: "zone"`), never colours; one spec thereby suits either paper.
    """
    theme = get_theme(name)
    text = {"font": FONT, "color": theme.ink, "fontSize": 12}
    # A style sets its colour itself: a colour in config.mark would win over it.
    styles: dict[str, Any] = {
        "seed": {"filled": True, "opacity": 0.42, "size": 22},
        "mean": {"filled": True, "opacity": 1, "size": 64},
        "interval": {"strokeWidth": 2.5, "opacity": 1, "strokeCap": "round"},
        "band": {"line": False},
        "zone": {"color": theme.quiet, "fillOpacity": 0.15},
        "zero": {"color": theme.quiet, "strokeWidth": 1, "opacity": 1},
        "reference": {"color": theme.quiet, "strokeDash": [4, 3], "strokeWidth": 1.2},
        "plain": {"color": theme.category[0]},
        "faded": {"color": theme.quiet},
        "missing": {"color": theme.wash, "stroke": theme.line},
        "outline": {"filled": False, "color": theme.category[1], "strokeWidth": 2.5},
        "note": {**text, "color": theme.quiet},
        "row-label": {**text, "fontWeight": 500},
        "on-low": {**text, "color": theme.heat_inks[0]},
        "on-high": {**text, "color": theme.heat_inks[1]},
    }
    for word, colour in theme.verdicts.items():
        styles[f"verdict-{word}"] = {**text, "color": colour, "fontWeight": 600}
        styles[f"mark-{word}"] = {"color": colour}
    labels = {"labelColor": theme.quiet, "titleColor": theme.ink, "labelFontSize": 12}
    return {
        "background": "transparent",
        "font": FONT,
        "padding": 6,
        "view": {"stroke": None},
        "line": {"strokeWidth": 2.2, "strokeJoin": "round", "strokeCap": "round"},
        "axis": {
            **labels,
            "domainColor": theme.line,
            "gridColor": theme.line,
            "tickColor": theme.line,
            "labelPadding": 6,
            "titleFontSize": 12,
            "titleFontWeight": 500,
            "titlePadding": 10,
            "tickSize": 4,
        },
        "axisX": {"grid": False, "labelSeparation": 6},
        "axisY": {"domain": False, "ticks": False},
        "legend": {
            **labels,
            "orient": "top",
            "direction": "horizontal",
            "labelLimit": 260,
            "symbolSize": 90,
            "symbolOpacity": 1,
            "symbolStrokeWidth": 2.2,
            "titleFontSize": 12,
            "titleFontWeight": 500,
            "offset": 10,
            "rowPadding": 4,
            "columnPadding": 18,
        },
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": theme.ink,
            "fontSize": 16,
            "fontWeight": 600,
            "lineHeight": 21,
            "subtitleColor": theme.quiet,
            "subtitleFontSize": 12,
            "subtitleLineHeight": 16,
            "subtitlePadding": 8,
            "offset": 16,
        },
        "range": {
            "category": list(theme.category),
            "ordinal": dict(theme.ordinal),
            "ramp": list(theme.heat),
            "heatmap": list(theme.heat),
        },
        "style": styles,
    }
