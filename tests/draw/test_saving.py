"""Figures as files: the ending says as what."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlplab.draw import DARK, Figure
from mlplab.errors import ConfigError

Draw = Callable[[str], Figure]


@pytest.fixture
def figure(draw_one: Draw) -> Figure:
    return draw_one("paired")


def test_pictures_are_those_of_the_figure(figure: Figure, tmp_path: Path) -> None:
    svg = figure.save(tmp_path / "new folder" / "a.SVG", "dark", language="zh")
    assert svg.read_text(encoding="utf-8") == figure.svg("dark", language="zh", paper=True)
    assert DARK.paper in svg.read_text(encoding="utf-8")
    png = figure.save(str(tmp_path / "a.png"), titled=False, paper=False)
    assert png.read_bytes() == figure.png(titled=False)


def test_a_spec_is_written_as_json(figure: Figure, tmp_path: Path) -> None:
    path = figure.save(tmp_path / "a.json")
    assert json.loads(path.read_text(encoding="utf-8")) == figure.spec("light", paper=True)


def test_a_page_holds_all_that_it_needs(figure: Figure, tmp_path: Path) -> None:
    odd = replace(figure, title="a </script><b> & c")
    text = odd.save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<title>a &lt;/script&gt;&lt;b&gt; &amp; c</title>" in text
    assert text.count("</script>") == text.count("<script>") == 2
    assert "src=" not in text.split("<script>")[0]
    chart = text.split('vegaEmbed("#chart", ')[1].split(", {renderer")[0]
    assert json.loads(chart) == odd.spec("light", paper=True)


@pytest.mark.parametrize("name", ["a.pdf", "a", "svg"])
def test_another_ending_is_one_line(figure: Figure, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"\.svg, \.png, \.html or \.json; got '{name}'"):
        figure.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_none_is_one_line(figure: Figure, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        figure.save(tmp_path / "file" / "a.svg")


def test_a_notebook_gets_the_chart_and_its_picture(figure: Figure) -> None:
    bundle = figure._repr_mimebundle_(include=None, exclude=None)
    kinds = list(bundle)
    major = figure.vegalite_version.split(".")[0]
    assert kinds == [f"application/vnd.vegalite.v{major}+json", "image/svg+xml", "text/plain"]
    assert bundle[kinds[0]] == figure.spec("light", paper=True)
    assert bundle["image/svg+xml"] == figure.svg(paper=True)
    assert bundle["text/plain"] == repr(figure)
    assert repr(figure).startswith("Figure('paired")
    assert len(repr(figure)) < 200
