"""Pictures that a store remembers are the ones that would be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
import vl_convert
from sqlalchemy import text

from mlplab.draw import Figure
from mlplab.pages import Report, pictures, remembered_pictures, write_page
from mlplab.store import Store


def make_figure(title: str = "b is above a", height: int = 3) -> Figure:
    data = pd.DataFrame({"x": [1, 2], "y": [0, height]})
    chart = alt.layer(alt.Chart(data).mark_point().encode(x="x:Q", y="y:Q"))
    return Figure("dots", {"en": title, "zh": "点"}, chart, "", data)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """What was really drawn, beside an empty cache."""
    monkeypatch.setenv("MLPLAB_CACHE", str(tmp_path / "cache"))
    pictures.chart_libraries.cache_clear()
    calls: list[str] = []
    for name in ("vegalite_to_svg", "svg_to_png", "javascript_bundle"):
        draw = getattr(vl_convert, name)

        def count(*args: object, name: str = name, draw: object = draw, **kwargs: object) -> object:
            calls.append(name)
            return draw(*args, **kwargs)  # type: ignore[operator]

        monkeypatch.setattr(vl_convert, name, count)
    yield calls
    pictures.chart_libraries.cache_clear()


def write(figure: Figure, folder: object, store: Store | None) -> dict[str, bytes]:
    report = Report("4.2.1", "made-up", "t", "q", "a", figures=[figure], made="now")
    with remembered_pictures([figure], store):
        page = write_page(report, folder)  # type: ignore[arg-type]
    return {path.name: path.read_bytes() for path in page.parent.iterdir()}


def test_a_page_of_remembered_pictures_is_the_same_page(tmp_path, drawn) -> None:
    with Store(tmp_path / "runs.sqlite") as store:
        first = write(make_figure(), tmp_path / "one", store)
        assert len(drawn) == 6
        pictures.chart_libraries.cache_clear()
        assert write(make_figure(), tmp_path / "two", store) == first
        assert len(drawn) == 6
        assert write(make_figure(), tmp_path / "three", None) == first


@pytest.mark.parametrize("changed", [{"title": "another finding"}, {"height": 4}])
def test_another_figure_is_drawn_anew(tmp_path, drawn, changed) -> None:
    with Store(tmp_path / "runs.sqlite") as store:
        first = write(make_figure(), tmp_path, store)
        drawn.clear()
        assert write(make_figure(**changed), tmp_path, store) != first
        assert "svg_to_png" in drawn


def test_damaged_pictures_are_drawn_anew(tmp_path, drawn) -> None:
    with Store(tmp_path / "runs.sqlite") as store:
        first = write(make_figure(), tmp_path, store)
        damage = text("UPDATE mlplab_remembered SET blob = :blob")
        store._database.write(lambda c: c.execute(damage, {"blob": b"P junk"}))
        pictures.chart_libraries.cache_clear()
        drawn.clear()
        assert write(make_figure(), tmp_path, store) == first
        assert len(drawn) == 5  # the libraries are in the cache


def test_a_figure_draws_each_picture_once(drawn) -> None:
    figure = make_figure()
    assert figure.svg() == figure.svg()
    assert figure.png() == figure.png()
    assert figure.svg("dark") != figure.svg()
    assert drawn == ["vegalite_to_svg", "svg_to_png", "vegalite_to_svg"]


def test_what_draws_charts_is_made_once_for_all_programs(tmp_path, drawn) -> None:
    first = write(make_figure(), tmp_path / "one", None)
    pictures.chart_libraries.cache_clear()  # as another program finds it
    assert write(make_figure(), tmp_path / "two", None) == first
    assert drawn.count("javascript_bundle") == 1


def test_a_cache_that_cannot_be_written_changes_nothing(tmp_path, drawn, monkeypatch) -> None:
    first = write(make_figure(), tmp_path / "one", None)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLPLAB_CACHE", str(tmp_path / "file"))
    pictures.chart_libraries.cache_clear()
    assert write(make_figure(), tmp_path / "two", None) == first
