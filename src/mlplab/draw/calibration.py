"""Calibration: how often what was given a probability came true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.lines import series_encodings
from mlplab.draw.rows import check_columns, first_seen, inline
from mlplab.draw.words import UNTITLED, Text

if TYPE_CHECKING:
    import pandas as pd


def calibration_chart(
    frame: pd.DataFrame,
    *,
    title: Text = UNTITLED,
    caption: Text = "",
    name: str = "calibration",
    words: Mapping[str, str] | None = None,
) -> Figure:
    """Draw the observed share against the probability given; on the diagonal they agree.

    Args:
        frame: columns probability, observed, low, high, n, one row per range of probabilities;
            with a column series, each is drawn on its own.
        title: the finding.
        caption: says what the bars are.
        name: of the figure's files.
        words: Chinese for words on the chart.
    """
    import altair as alt
    import pandas as pd

    check_columns(frame, "probability", "observed", "low", "high", "n")
    scale = alt.Scale(domain=[0, 1], nice=False)
    axis = alt.Axis(format=".0%", grid=True, tickCount=6)
    x = alt.X("probability:Q", title="probability given", scale=scale, axis=axis)

    def y_of(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title="share that came true", scale=scale, axis=axis)

    ends = pd.DataFrame({"probability": [0.0, 1.0], "observed": [0.0, 1.0]})
    told = series_encodings(first_seen(frame["series"]), "", False) if "series" in frame else {}
    shape = told.pop("shape", None)
    base = alt.Chart(inline(frame)).encode(x=x, **told)
    tooltip = [
        alt.Tooltip("probability:Q", title="probability given", format=".1%"),
        alt.Tooltip("observed:Q", title="share that came true", format=".1%"),
        alt.Tooltip("low:Q", title="low", format=".1%"),
        alt.Tooltip("high:Q", title="high", format=".1%"),
        alt.Tooltip("n:Q", title="rows"),
    ]
    layers = [
        alt.Chart(inline(ends)).mark_line(style="reference").encode(x=x, y=y_of("observed")),
        base.mark_line(style="plain", strokeWidth=1.2, opacity=0.7).encode(y=y_of("observed")),
        base.mark_rule(style=["plain", "interval"]).encode(y=y_of("low"), y2="high:Q"),
        base.mark_point(style=["plain", "mean"]).encode(
            y=y_of("observed"), tooltip=tooltip, **({"shape": shape} if shape else {})
        ),
    ]
    chart = alt.layer(*layers).properties(width=WIDTH_PX - 180, height=340)
    return Figure(name, title, chart, caption, frame, words or {})
