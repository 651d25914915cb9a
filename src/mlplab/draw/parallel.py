"""Parallel coordinates: one line per configuration across its factors to its score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import check_columns, first_seen, inline
from mlplab.draw.words import (
    UNTITLED,
    Text,
    factor_name,
    join_texts,
    quantity,
    translate,
    value_text,
)

if TYPE_CHECKING:
    import pandas as pd

_EXPLANATION = {
    "en": "One line per configuration, the darkest is the best; numbers that span more than a "
    "factor of twenty lie on a logarithmic axis.",
    "zh": "每条线为一组配置，颜色越深越好；跨度超过二十倍的数值用对数轴。",
}


def parallel_coordinates(
    frame: pd.DataFrame,
    factors: Sequence[str],
    metric: str,
    *,
    title: Text = UNTITLED,
    higher_is_better: bool = True,
    caption: Text = "",
    name: str = "parallel-coordinates",
    height: int = 320,
) -> Figure:
    """Draw a line per row across an axis per factor and one for the metric.

    Args:
        frame: one row per configuration.
        factors: columns of `frame`; numbers lie to scale, words in the order of the rows.
        metric: a column of `frame`; rows without a value are left out.
        title: the finding.
        higher_is_better: which lines are drawn darkest.
        caption: the words before the explanation.
        name: of the figure's files.
        height: pixels.

    Raises:
        ConfigError: a missing column.
    """
    import altair as alt
    import pandas as pd

    check_columns(frame, *factors, metric)
    seen = frame[frame[metric].notna()].reset_index(drop=True)
    # From the worst to the best: the best is drawn last, over the others.
    seen = seen.sort_values(metric, ascending=higher_is_better).reset_index(drop=True)
    names = [factor_name(path) for path in factors] + [quantity(metric).name]
    lines, ticks = [], []
    for path, axis in zip((*factors, metric), names, strict=True):
        places, labels = _places(list(seen[path]))
        ticks += [{"axis": axis, "place": place, "label": label} for label, place in labels]
        lines += [
            {"line": row, "axis": axis, "place": place, "value": value_text(value)}
            for row, (place, value) in enumerate(zip(places, seen[path], strict=True))
        ]
    table = pd.DataFrame(lines)
    table["rank"] = table["line"] / max(1, len(seen) - 1)
    x = alt.X("axis:N", sort=names, title=None, axis=alt.Axis(labelAngle=0, grid=True))
    y = alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[-0.05, 1.05], nice=False))
    drawn = (
        alt.Chart(inline(table))
        .mark_line(style="plain")
        .encode(
            x=x,
            y=y,
            detail="line:N",
            order="line:Q",
            opacity=alt.Opacity(
                "rank:Q", scale=alt.Scale(range=[0.08, 0.9], type="pow", exponent=3), legend=None
            ),
            tooltip=[alt.Tooltip("axis:N", title="axis"), alt.Tooltip("value:N", title="value")],
        )
    )
    texts = (
        alt.Chart(inline(pd.DataFrame(ticks)))
        .mark_text(align="left", dx=5, baseline="middle", fontSize=11)
        .encode(x=x, y=y, text="label:N")
    )
    chart = alt.layer(drawn, texts).properties(width=WIDTH_PX - 60, height=height)
    words = {one: translate(one, "zh") for one in names}
    return Figure(name, title, chart, join_texts(caption, _EXPLANATION), seen, words)


def _places(values: Sequence[Any]) -> tuple[list[float], list[tuple[str, float]]]:
    """Where values lie on an axis from 0 to 1, and what stands beside it."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        low, high = min(values), max(values)
        log = low > 0 and high > 20 * low
        turn = math.log if log else float
        span = turn(high) - turn(low)
        if span <= 0:
            return [0.5] * len(values), [(value_text(low), 0.5)]
        places = [(turn(value) - turn(low)) / span for value in values]
        return places, [(value_text(low), 0.0), (value_text(high), 1.0)]
    known = [value_text(value) for value in first_seen(values)]
    step = 1 / max(1, len(known) - 1)
    at = {label: place * step for place, label in enumerate(known)}
    return [at[value_text(value)] for value in values], list(at.items())
