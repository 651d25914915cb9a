"""A histogram of an estimate, with its interval and the values it is held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import inline
from mlplab.draw.words import UNTITLED, Quantity, Text, join_texts
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import altair as alt

_MOST_BINS = 40  # 16 pixels each


def estimate_histogram(
    values: Sequence[float],
    *,
    title: Text = UNTITLED,
    measure: Quantity,
    interval: tuple[float, float] | None = None,
    interval_says: Text = "",
    references: Mapping[str, float] | None = None,
    caption: Text = "",
    name: str = "histogram",
) -> Figure:
    """Draw how often an estimate took which value.

    Args:
        values: one number per draw; all finite.
        title: the finding.
        measure: how the numbers are written.
        interval: a shaded range.
        interval_says: what that range is, for the caption.
        references: label -> value; vertical lines, such as the truth.
        caption: the words before those of the interval.
        name: of the figure's files.

    Raises:
        ConfigError: no values, or some that are not finite.
    """
    import altair as alt
    import numpy as np
    import pandas as pd

    numbers = np.asarray(values, dtype=float)
    if not numbers.size or not np.isfinite(numbers).all():
        bad = numbers.size - int(np.isfinite(numbers).sum())
        raise ConfigError(f"histogram: expected finite values; got {bad} of {numbers.size} others")
    edges = np.histogram_bin_edges(numbers, bins="auto")
    if len(edges) > _MOST_BINS + 1:
        edges = np.histogram_bin_edges(numbers, bins=_MOST_BINS)
    counts, _ = np.histogram(numbers, bins=edges)
    bars = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts})
    axis = alt.Axis(format=measure.axis_format, tickCount=7)
    scale = alt.Scale(zero=False, nice=False, padding=8)

    def x_of(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=measure.name, scale=scale, axis=axis)

    y = alt.Y("count:Q", title="count", axis=alt.Axis(tickMinStep=1, format="~d"))
    number = measure.number_format
    layers: list[alt.Chart] = []
    if interval is not None:
        zone = pd.DataFrame({"low": [interval[0]], "high": [interval[1]]})
        layers.append(
            alt.Chart(inline(zone)).mark_rect(style="zone").encode(x=x_of("low"), x2="high:Q")
        )
    layers.append(
        alt.Chart(inline(bars))
        .mark_bar(style="plain", opacity=0.8, stroke=None, binSpacing=1.5)
        .encode(
            x=alt.X("low:Q", bin="binned", title=measure.name, scale=scale, axis=axis),
            x2="high:Q",
            y=y,
            tooltip=[
                alt.Tooltip("low:Q", title="low", format=number),
                alt.Tooltip("high:Q", title="high", format=number),
                alt.Tooltip("count:Q", title="count"),
            ],
        )
    )
    if references:
        lines = pd.DataFrame(
            {
                "label": list(references),
                "at": list(references.values()),
                "lift": [-4 - 14 * row for row in range(len(references))],
            }
        )
        marks = alt.Chart(inline(lines)).encode(x=x_of("at"))
        note = marks.mark_text(style="note", baseline="bottom", dy={"expr": "datum.lift"})
        layers += [marks.mark_rule(style="reference"), note.encode(y=alt.value(0), text="label:N")]
    return Figure(
        name,
        title,
        alt.layer(*layers).properties(width=WIDTH_PX, height=280),
        join_texts(caption, interval_says),
        pd.DataFrame({"value": numbers}),
    )
