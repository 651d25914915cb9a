"""Strips: how numbers of several groups spread, dot by dot, with their standard deviation."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from mlplab.draw.axis_numbers import above_zero, number_labels
from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import SEED_RANGE, Band, check_columns, first_seen, inline, summarise
from mlplab.draw.words import UNTITLED, Quantity, Text, factor_name, join_texts, writer

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_ROW_PX = 50
# Its multiples, modulo 1, spread evenly however many there are: dots are jittered without chance.
_GOLDEN = 0.6180339887


def spread_strips(
    frame: pd.DataFrame,
    group: str,
    value: str,
    *,
    title: Text = UNTITLED,
    measure: Quantity,
    differences: bool = False,
    log: bool = False,
    band: Band = SEED_RANGE,
    caption: Text = "",
    name: str = "spread",
) -> Figure:
    """Draw every number of every group, and how far each group spreads.

    Args:
        frame: one row per number.
        group, value: columns of `frame`.
        title: the finding.
        measure: how the numbers are written.
        differences: the numbers are differences; shares are then shown in percentage points.
        log: draw a logarithmic axis; numbers and band must then be above 0.
        band: what the bars are.
        caption: the words before the explanation.
        name: of the figure's files.
    """
    import altair as alt
    import pandas as pd

    group, value = check_columns(frame, group, value)
    summary = summarise(frame, [group], value, band, differences=differences)
    k = measure.factor if differences or measure.share else 1.0
    unit = " (percentage points)" if differences and measure.share else ""
    unit = " (%)" if measure.share and not differences else unit
    x_title = measure.difference if differences else f"{measure.name}{unit}"
    groups = first_seen(frame[group])
    write = writer(groups)
    parts, spreads = [], []
    for place in groups:
        part = frame[frame[group] == place]
        numbers = [float(number) for number in part[value] if math.isfinite(number)]
        spreads.append(statistics.stdev(numbers) if len(numbers) > 1 else math.nan)
        ranks = part[value].rank(method="first")
        parts.append(
            pd.DataFrame(
                {
                    "label": write(place),
                    "value": part[value] * k,
                    "shift": (ranks * _GOLDEN) % 1 - 0.5,
                }
            )
        )
    widths = pd.DataFrame({group: groups, "std": spreads})
    summary = summary.merge(widths, on=group)
    means = pd.DataFrame(
        {
            "label": [write(place) for place in summary[group]],
            "mean": summary["mean"] * k,
            "low": summary["low"] * k,
            "high": summary["high"] * k,
            "std": summary["std"] * k,
            "note": [f"s = {k * s:.2g}" if math.isfinite(s) else "" for s in summary["std"]],
        }
    )
    means = above_zero(means, "low", "high") if log else means
    x_scale = alt.Scale(type="log", nice=True) if log else alt.Scale(zero=False, nice=True)
    x_axis = alt.Axis(**number_labels(means["mean"] if log else ()), grid=True, tickCount=7)

    def x_of(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=x_title, scale=x_scale, axis=x_axis)

    y = alt.Y(
        "label:N",
        title=None if group == "arm" else factor_name(group),
        sort=[write(place) for place in groups],
        axis=alt.Axis(labelLimit=150, labelPadding=10),
    )
    tooltip = [
        alt.Tooltip("label:N", title=factor_name(group)),
        *(alt.Tooltip(f"{part}:Q", title=part, format=".4~g") for part in ("mean", "low", "high")),
        alt.Tooltip("std:Q", title="standard deviation", format=".3~g"),
    ]
    base = alt.Chart(inline(means)).encode(y=y)
    layers = [
        alt.Chart(inline(pd.concat(parts)))
        .mark_point(style=["plain", "seed"])
        .encode(
            x=x_of("value"),
            y=y,
            yOffset=alt.YOffset("shift:Q", scale=alt.Scale(domain=[-1.1, 1.1])),
            tooltip=[alt.Tooltip("value:Q", title=x_title, format=".4~g")],
        ),
        base.mark_rule(style=["plain", "interval"]).encode(x=x_of("low"), x2="high:Q"),
        base.mark_point(style=["plain", "mean"], shape="diamond", size=120).encode(
            x=x_of("mean"), tooltip=tooltip
        ),
        base.mark_text(style="note", align="left", baseline="middle", dx=10).encode(
            x=alt.value("width"), text="note:N"
        ),
    ]
    explained: Text = {
        "en": "s is the standard deviation, in the unit of the axis.",
        "zh": "s 为标准差，单位与坐标轴相同。",
    }
    return Figure(
        name,
        title,
        alt.layer(*layers).properties(width=WIDTH_PX - 80, height=_ROW_PX * len(groups)),
        join_texts(caption, band.says, explained),
        frame[[c for c in ("key", "seed", group, value) if c in frame]].merge(
            summary, on=group, how="left"
        ),
    )
