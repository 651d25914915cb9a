"""Lines with bands, from numbers handed in: the ground of every curve over epochs or sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw.axis_numbers import above_zero, number_labels
from mlplab.draw.figure import WIDTH_PX, Figure, legend_columns
from mlplab.draw.rows import check_columns, first_seen, inline
from mlplab.draw.theme import DASHES, SHAPES
from mlplab.draw.words import UNTITLED, Quantity, Text, writer

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

# More points than this on a line are not drawn one by one.
_FEW_POINTS = 14


def band_lines(
    frame: pd.DataFrame,
    *,
    name: str,
    title: Text = UNTITLED,
    x_title: str,
    y: Quantity,
    caption: Text = "",
    series_title: str = "",
    ordered: bool | None = None,
    log_x: bool = False,
    log_y: bool = False,
    data: pd.DataFrame | None = None,
    height: int = 320,
) -> Figure:
    """Draw one line per series, with the band that was computed for it.

    Args:
        frame: columns series, x, mean, low, high (NaN, or left out: no band), and n_seeds if known.
        name, title, caption: of the figure; the caption says what the band is.
        x_title: with its unit.
        y: what the lines show.
        series_title: title of the legend.
        ordered: series are steps of one quantity (default: if they are numbers).
        log_x, log_y: logarithmic axes.
        data: numbers for the CSV file, if they are more than `frame`.
        height: pixels.
    """
    import altair as alt

    if "low" not in frame and "high" not in frame:
        frame = frame.assign(low=float("nan"), high=float("nan"))
    check_columns(frame, "series", "x", "mean", "low", "high")
    names = first_seen(frame["series"])
    is_ordered = _are_numbers(names) if ordered is None else ordered
    write = writer(names)
    drawn = frame.assign(series=[write(value) for value in frame["series"]])
    labels = [write(value) for value in names]
    few = drawn["x"].nunique() <= _FEW_POINTS
    scales = series_encodings(labels, series_title, is_ordered, points=few)
    picked = alt.selection_point(name="picked", fields=["series"], bind="legend")
    # Beside a logarithm, Vega warns of whatever is said of zero.
    x_kind: dict[str, Any] = {"type": "log"} if log_x else {"zero": False}
    x_scale = alt.Scale(**x_kind, nice=False, padding=8)
    x = alt.X("x:Q", title=x_title, scale=x_scale, axis=_x_axis(drawn["x"], log_x))
    y_scale = alt.Scale(type="log") if log_y else alt.Scale(zero=False, nice=False)
    drawn = above_zero(drawn, "low", "high") if log_y else drawn
    numbers = number_labels(drawn["mean"] if log_y else (), y.axis_format)
    y_axis = alt.Axis(**numbers, tickCount=6)
    mean = alt.Y("mean:Q", title=y.name, scale=y_scale, axis=y_axis)
    tooltip = [
        alt.Tooltip("series:N", title=series_title or "arm"),
        alt.Tooltip("x:Q", title=x_title),
        *(
            alt.Tooltip(f"{part}:Q", title=part, format=y.number_format)
            for part in ("mean", "low", "high")
        ),
    ]
    if "n_seeds" in drawn:
        tooltip.append(alt.Tooltip("n_seeds:Q", title="seeds"))
    base = alt.Chart(inline(drawn)).encode(x=x)
    faint = alt.condition(picked, alt.value(0.17), alt.value(0.03))
    clear = alt.condition(picked, alt.value(1), alt.value(0.15))
    band = base.mark_area(style="band").encode(
        y=alt.Y("low:Q", title=y.name, scale=y_scale, axis=y_axis),
        y2="high:Q",
        color=scales["color"],
        opacity=faint,
    )
    shaped = {"shape": scales["shape"]} if few else {}
    dashed = {} if few else {"strokeDash": scales["strokeDash"]}
    line = base.mark_line().encode(y=mean, color=scales["color"], opacity=clear, **dashed)
    points = base.mark_point(filled=True, size=46).encode(
        y=mean,
        color=scales["color"],
        **shaped,
        opacity=clear if few else alt.value(0),
        tooltip=tooltip,
    )
    # A layer without a single value has no extent, of which the chart would complain.
    layers = [band, line, points] if frame["low"].notna().any() else [line, points]
    chart = alt.layer(*layers).add_params(picked).properties(width=WIDTH_PX, height=height)
    return Figure(name, title, chart, caption, frame if data is None else data)


def series_encodings(
    labels: Sequence[str], title: str, ordered: bool, *, points: bool = True
) -> dict[str, Any]:
    """Return colour and a second channel of a set of series: shape, or dash without points."""
    import altair as alt

    legend: Any = None
    if len(labels) > 1:
        legend = alt.Legend(title=title or None, columns=legend_columns(labels))
    common: dict[str, Any] = {"title": title or None, "sort": list(labels), "legend": legend}
    domain, repeats = list(labels), range(len(labels))
    kind = "O" if ordered else "N"
    colour = alt.Color(f"series:{kind}", scale=alt.Scale(domain=domain), **common)
    if points:
        shapes = alt.Scale(domain=domain, range=[SHAPES[i % len(SHAPES)] for i in repeats])
        return {"color": colour, "shape": alt.Shape("series:N", scale=shapes, **common)}
    if legend is not None:
        legend.symbolType = "stroke"
        # 20 px: room for the longest pattern of dashes.
        legend.symbolSize = 400
    dashes = alt.Scale(domain=domain, range=[DASHES[i % len(DASHES)] for i in repeats])
    return {"color": colour, "strokeDash": alt.StrokeDash("series:N", scale=dashes, **common)}


def _x_axis(values: Any, log: bool) -> alt.Axis:
    import altair as alt

    distinct = sorted(set(values))
    if len(distinct) <= _FEW_POINTS:
        ticks = [float(value) for value in distinct]
        return alt.Axis(values=ticks, **number_labels(ticks), labelOverlap="greedy")
    return alt.Axis(**number_labels(distinct), tickCount=6 if log else 8)


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) or hasattr(value, "item") for value in values)
