"""Points of two numbers, with the line on which they are equal: predicted against true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlplab.draw.axis_numbers import number_labels
from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import check_columns, inline
from mlplab.draw.words import UNTITLED, Text
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd


def scatter(
    frame: pd.DataFrame,
    x: str,
    y: str,
    *,
    title: Text = UNTITLED,
    x_title: str,
    y_title: str,
    outline: str | None = None,
    log: bool = False,
    caption: Text = "",
    name: str = "scatter",
    words: Mapping[str, str] | None = None,
    data: pd.DataFrame | None = None,
    height: int = 380,
) -> Figure:
    """Draw a point per row, and the diagonal y = x.

    Args:
        frame: one row per point; every further column is told where the pointer is.
        x, y: columns of `frame`.
        title: the finding.
        x_title, y_title: with their unit.
        outline: a column of truths; where it holds, the point is marked.
        log: both axes logarithmic.
        caption: of the figure.
        name: of the figure's files.
        words: Chinese for words on the chart.
        data: numbers for the CSV file, if they are more than `frame`.
        height: pixels.

    Raises:
        ConfigError: a missing column, or a logarithmic axis for a number that is not positive.
    """
    import altair as alt
    import pandas as pd

    x, y = check_columns(frame, x, y)
    if outline:
        (outline,) = check_columns(frame, outline)
    low = float(min(frame[x].min(), frame[y].min()))
    high = float(max(frame[x].max(), frame[y].max()))
    if log and low <= 0:
        raise ConfigError(f"log axes of {x!r} and {y!r}: expected positive numbers; got {low:g}")
    # Beside a logarithm, Vega warns of whatever is said of zero.
    kind: dict[str, Any] = {"type": "log"} if log else {"zero": False}
    scale = alt.Scale(**kind, nice=False, padding=10)
    numbers = number_labels((low, high) if log else (), ",.6~g")
    axis = alt.Axis(**numbers, grid=True, tickCount=6, labelOverlap="greedy")

    def x_of(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=x_title, scale=scale, axis=axis)

    def y_of(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=y_title, scale=scale, axis=axis)

    ends = pd.DataFrame({"x": [low, high], "y": [low, high]})
    told = [c for c in frame.columns if c not in (x, y, outline)]
    tooltip = [
        *(alt.Tooltip(f"{column}:N", title=str(column)) for column in told),
        alt.Tooltip("x:Q", title=x_title, format=",.6~g"),
        alt.Tooltip("y:Q", title=y_title, format=",.6~g"),
    ]
    drawn = frame.rename(columns={x: "x", y: "y"})
    points = alt.Chart(inline(drawn)).encode(x=x_of("x"), y=y_of("y"), tooltip=tooltip)
    layers = [
        alt.Chart(inline(ends)).mark_line(style="reference").encode(x=x_of("x"), y=y_of("y")),
        points.mark_point(style=["plain", "seed"]),
    ]
    if outline:
        marked = points.transform_filter(f"datum[{outline!r}]")
        layers.append(marked.mark_point(style="outline", size=90))
    chart = alt.layer(*layers).properties(width=WIDTH_PX - 60, height=height)
    return Figure(name, title, chart, caption, frame if data is None else data, words or {})
