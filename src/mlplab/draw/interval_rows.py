"""Rows of a name, an estimate and its interval, against a zero line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import check_columns, inline
from mlplab.draw.words import UNTITLED, Text, writer

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_ROW_PX = 25
_LABEL_PX = 170


def interval_rows(
    frame: pd.DataFrame,
    label: str,
    *,
    title: Text = UNTITLED,
    x_title: str,
    number_format: str = ",.4~g",
    axis_format: str = ",.6~g",
    zero: bool = True,
    y_title: str | None = None,
    caption: Text = "",
    name: str = "intervals",
    words: Mapping[str, str] | None = None,
    data: pd.DataFrame | None = None,
) -> Figure:
    """Draw one row per name: a point at the estimate, a bar from low to high.

    Args:
        frame: columns `label`, mean, low, high (NaN: no bar); drawn from the top in its order.
        label: the column of names.
        title: the finding.
        x_title: what the numbers are, with their unit.
        number_format, axis_format: of numbers and of the axis, as d3 writes formats.
        zero: whether 0 is on the axis, as a line.
        y_title: what the names are.
        caption: says what the bars are.
        name: of the figure's files.
        words: Chinese for words on the chart.
        data: numbers for the CSV file, if they are more than `frame`.
    """
    import altair as alt
    import pandas as pd

    label, *_ = check_columns(frame, label, "mean", "low", "high")
    names = list(map(writer(frame[label]), frame[label]))
    drawn = frame.assign(label=names)[["label", "mean", "low", "high"]]
    scale = alt.Scale(zero=zero, nice=True)
    axis = alt.Axis(format=axis_format, grid=True, tickCount=6, labelOverlap="greedy")

    def x_of(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=x_title, scale=scale, axis=axis)

    y = alt.Y(
        "label:N",
        title=y_title,
        sort=names,
        axis=alt.Axis(labelLimit=_LABEL_PX, labelPadding=10),
    )
    base = alt.Chart(inline(drawn)).encode(y=y)
    tooltip = [
        alt.Tooltip("label:N", title=y_title or "name"),
        *(alt.Tooltip(f"{part}:Q", title=part, format=number_format)
          for part in ("mean", "low", "high")),
    ]  # fmt: skip
    layers = [
        base.mark_rule(style=["plain", "interval"]).encode(x=x_of("low"), x2="high:Q"),
        base.mark_point(style=["plain", "mean"]).encode(x=x_of("mean"), tooltip=tooltip),
    ]
    if zero:
        origin = pd.DataFrame({"at": [0.0]})
        layers.insert(0, alt.Chart(inline(origin)).mark_rule(style="zero").encode(x=x_of("at")))
    chart = alt.layer(*layers).properties(width=WIDTH_PX - _LABEL_PX, height=_ROW_PX * len(frame))
    return Figure(name, title, chart, caption, frame if data is None else data, words or {})
