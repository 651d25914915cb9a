"""Figures and frames as plain values and back."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.draw import Figure
from mlplab.draw.frames import frame_from_plain, frame_to_plain
from mlplab.store.exact import pack_exact, unpack_exact

columns = st.sampled_from(
    [
        lambda n: np.linspace(-1, 1, n),
        lambda n: np.where(np.arange(n) % 2 == 0, np.nan, 0.1),
        lambda n: np.full(n, -np.inf, dtype=np.float32),
        lambda n: np.arange(n, dtype=np.int8),
        lambda n: np.arange(n) % 2 == 0,
        lambda n: np.arange(n).astype("datetime64[s]"),
        lambda n: pd.array(["relu", None, "深"] * n, dtype="str")[:n],
        lambda n: pd.array(["a", None] * n, dtype="string")[:n],
        lambda n: pd.Series([(256, 128), None, "x", 1, 0.5, True, np.nan] * n, dtype=object)[:n],
        lambda n: pd.Series(["all", "words"] * n, dtype=object)[:n],
        lambda n: pd.Categorical(["low", "high"] * n, ["high", "low"], ordered=True)[:n],
        lambda n: pd.array([1, None] * n, dtype="Int64")[:n],
        lambda n: pd.array([0.25, None] * n, dtype="Float32")[:n],
        lambda n: pd.array([True, None] * n, dtype="boolean")[:n],
    ]
)
indexes = st.sampled_from(
    [
        lambda n: pd.RangeIndex(n),
        lambda n: pd.RangeIndex(3, 3 + 2 * n, 2, name="epoch"),
        lambda n: pd.Index(np.arange(n)[::-1], name="seed"),
        lambda n: pd.Index(["a", "b"] * n)[:n],
        lambda n: pd.Index([1, "two", None] * n, dtype=object)[:n],
        lambda n: pd.Index(np.linspace(0, 1, n)),
    ]
)
labels = st.sampled_from(["lr", "seed", "值", "", 3])


@st.composite
def frames(draw):
    n = draw(st.integers(0, 5))
    made = [draw(columns)(n) for _ in range(draw(st.integers(0, 4)))]
    index = draw(indexes)(n)
    frame = pd.DataFrame(
        {at: pd.Series(getattr(one, "array", one), index=index) for at, one in enumerate(made)},
        index=index,
    )
    frame.columns = pd.Index([draw(labels) for _ in made])
    return frame


def again(frame):
    return frame_from_plain(unpack_exact(pack_exact(frame_to_plain(frame))))


@settings(deadline=None)
@given(frame=frames())
def test_a_frame_comes_back_as_it_was(frame):
    found = again(frame)
    pd.testing.assert_frame_equal(
        found, frame, check_exact=True, check_index_type="exact", check_column_type="exact"
    )
    assert list(found.dtypes) == list(frame.dtypes)
    assert found.to_csv() == frame.to_csv()
    for at in range(frame.shape[1]):
        assert list(map(type, found.iloc[:, at])) == list(map(type, frame.iloc[:, at]))


def test_notes_on_a_frame_come_back():
    frame = pd.DataFrame({"a": [1.5]})
    frame.attrs["unit"] = "s"
    assert again(frame).attrs == {"unit": "s"}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": pd.interval_range(0, 2)}),
        pd.DataFrame({"a": pd.to_datetime(["2020-01-01"]).tz_localize("Asia/Shanghai")}),
        pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)])),
    ],
)
def test_what_has_no_exact_form_is_refused(frame):
    with pytest.raises(TypeError, match="cannot keep a"):
        frame_to_plain(frame)


@pytest.fixture
def figure():
    data = pd.DataFrame({"x": [0.1, 0.2, np.nan], "series": ["a", "b", "a"]})
    points = alt.Chart(data).mark_point().encode(x="x:Q", color="series:N")
    chart = alt.layer(points, points.mark_line()).properties(width=300)
    return Figure(
        "points",
        {"en": "a is above b", "zh": "a 高于 b"},
        chart,
        {"en": "Bands: none.", "zh": "无。"},
        data,
        {"a": "甲"},
    )


def remembered(figure):
    return Figure.from_plain(unpack_exact(pack_exact(figure.to_plain())))


def test_a_figure_comes_back_as_it_was(figure):
    found = remembered(figure)
    names = ("name", "title", "caption", "words")
    assert [getattr(found, one) for one in names] == [getattr(figure, one) for one in names]
    pd.testing.assert_frame_equal(found.data, figure.data, check_exact=True)
    for given_to in (
        {},
        {"theme": "dark", "language": "zh", "paper": True},
        {"width": "container", "titled": False},
    ):
        assert found.spec(**given_to) == figure.spec(**given_to)
    assert found.svg() == figure.svg()
    assert found.vegalite_version == figure.vegalite_version


def test_a_remembered_figure_can_be_remembered_again(figure):
    once = remembered(figure)
    assert remembered(once).spec("light") == once.spec("light")


def test_a_remembered_chart_can_be_drawn_on(figure):
    chart = remembered(figure).chart
    assert chart.to_dict() == figure.chart.to_dict()
    assert isinstance(chart.to_altair(), alt.LayerChart)
    shown = chart._repr_mimebundle_()
    assert shown["application/vnd.vegalite.v6+json"] == chart.to_dict()


def test_specs_are_the_callers_own(figure):
    for one in (figure, remembered(figure)):
        spec = one.spec("light")
        spec["layer"].clear()
        spec["config"]["axis"] = None
        assert one.spec("light")["layer"]
        assert one.spec("light")["config"]["axis"]


def test_a_chart_is_drawn_once_for_all_its_specs(figure, monkeypatch):
    drawn = []
    draw = type(figure.chart).to_dict

    def count(chart, *args, **kwargs):
        drawn.append(1)
        return draw(chart, *args, **kwargs)

    monkeypatch.setattr(type(figure.chart), "to_dict", count)
    for language in ("en", "zh"):
        figure.spec("light", language=language)
    assert len(drawn) == 1
