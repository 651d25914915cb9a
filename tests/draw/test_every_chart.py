"""What holds for a chart of any kind."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pytest

from mlplab.draw import Figure, chart_config, in_language

KINDS = (
    "curves",
    "factor",
    "words",
    "paired",
    "heat",
    "best",
    "critical",
    "surface",
    "strips",
    "histogram",
    "scatter",
    "rows",
    "confusion",
    "gaps",
    "calibration",
    "samples",
    "main-effects",
    "interaction",
    "trials",
)
Draw = Callable[[str], Figure]
Svg = Callable[..., str]
_SVG = "{http://www.w3.org/2000/svg}"


def _walk(part: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, part
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _walk(value, (*path, key))
    elif isinstance(part, list):
        for value in part:
            yield from _walk(value, path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_spec_is_valid_vega_lite(kind: str, draw_one: Draw) -> None:
    spec = draw_one(kind).spec("dark", language="zh", paper=True)
    assert alt.LayerChart.from_dict(spec).to_dict()["layer"]


@pytest.mark.parametrize("kind", KINDS)
def test_title_caption_and_both_axes_are_named(kind: str, draw_one: Draw, svg_of: Svg) -> None:
    figure = draw_one(kind)
    svg = ElementTree.fromstring(svg_of(kind))
    written = [text.text or "" for text in svg.iter(f"{_SVG}text")]
    written += [text.text or "" for text in svg.iter(f"{_SVG}tspan")]
    assert in_language(figure.title) in written
    assert in_language(figure.caption)[:30] in " ".join(written)
    encodings = [part for path, part in _walk(figure.spec()) if path and path[-1] == "encoding"]
    for channel in ("x", "y"):
        titles = {e[channel].get("title") for e in encodings if channel in e}
        # These rows are named by texts in them.
        assert titles - {None} or (kind, channel) in (("paired", "y"), ("critical", "y"))


@pytest.mark.parametrize("kind", KINDS)
def test_colours_come_from_the_theme_alone(kind: str, draw_one: Draw, svg_of: Svg) -> None:
    figure = draw_one(kind)
    spec = figure.spec()
    colours = [v for _, v in _walk(spec) if isinstance(v, str) and re.match(r"#[0-9a-fA-F]{3}", v)]
    assert colours == []
    # Vega-Lite's own blue shows wherever a mark was left without a colour.
    for theme in ("light", "dark"):
        drawn = svg_of(kind, theme).lower()
        assert "#4c78a8" not in drawn
        assert 'fill="black"' not in drawn
    assert "background" not in spec


@pytest.mark.parametrize("kind", KINDS)
def test_dark_and_light_differ_in_colour_only(kind: str, svg_of: Svg) -> None:
    def shape(svg: str) -> list[tuple[str, str]]:
        parts = ElementTree.fromstring(svg).iter()
        return [(part.tag, part.get("d", "") or part.get("transform", "")) for part in parts]

    light, dark = svg_of(kind), svg_of(kind, "dark")
    assert light != dark
    assert shape(light) == shape(dark)


@pytest.mark.parametrize("kind", KINDS)
def test_another_language_keeps_every_mark(kind: str, draw_one: Draw, svg_of: Svg) -> None:
    def marks(language: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in ElementTree.fromstring(svg_of(kind, "light", language)).iter():
            role = part.get("class") or ""
            # Texts may take more lines in one language than in another.
            if "role-mark" in role and "mark-text" not in role:
                found[role] = found.get(role, 0) + len(part)
        return found

    assert sum(marks("en").values()) > 2
    assert marks("en") == marks("zh")
    assert draw_one(kind).spec(language="zh") != draw_one(kind).spec(language="en")


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_drawn_is_in_the_data(kind: str, draw_one: Draw) -> None:
    """Numbers named value, mean, low and high in the chart are those of the CSV file."""
    figure = draw_one(kind)
    known = figure.data.select_dtypes("number").to_numpy(dtype=float, na_value=0.0).ravel()
    rows = [row for table in figure.spec()["datasets"].values() for row in table]
    if kind == "samples":  # shares of each sample, told in test_charts
        return
    if kind == "histogram":
        assert sum(row.get("count", 0) for row in rows) == len(figure.data)
        return
    names = ("value", "mean", "low", "high", "effect", "share")
    if kind == "scatter":
        names = ("x", "y")
    numbers = [row[name] for row in rows for name in names if row.get(name) is not None]
    assert numbers
    # Differences of shares are drawn in percentage points, and seven digits are kept.
    all_known = np.concatenate([known, 100 * known])
    for number in numbers:
        assert np.min(np.abs(all_known - number)) <= 1e-6 * abs(number)


def test_png_grows_with_its_scale(draw_one: Draw) -> None:
    def size(png: bytes) -> tuple[int, int]:
        assert png.startswith(b"\x89PNG")
        return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])

    once, twice = (size(draw_one("best").png("light", scale)) for scale in (1, 2))
    assert twice[0] == pytest.approx(2 * once[0], abs=2)
    assert twice[1] == pytest.approx(2 * once[1], abs=2)


def test_paper_fills_the_background_and_nothing_else_does(draw_one: Draw) -> None:
    assert draw_one("best").spec("dark", paper=True)["background"] == "#12161C"
    assert chart_config("dark")["background"] == "transparent"


def test_a_narrower_chart_keeps_its_height(draw_one: Draw) -> None:
    def height(width: int) -> float:
        return float(ElementTree.fromstring(draw_one("best").svg(width=width)).get("height", "0"))

    assert height(500) == pytest.approx(height(540), abs=20)
