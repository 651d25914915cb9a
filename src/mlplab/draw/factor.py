"""A metric against one factor: every seed's point, and the band of each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mlplab.draw.axis_numbers import above_zero, number_labels
from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.lines import series_encodings
from mlplab.draw.rows import (
    SEED_RANGE,
    Band,
    check_columns,
    diverged_note,
    first_seen,
    inline,
    summarise,
    without_diverged,
)
from mlplab.draw.words import UNTITLED, Text, factor_name, join_texts, quantity, writer
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_LETTER_PX = 6.0  # of a label, on average


def metric_by_factor(
    frame: pd.DataFrame,
    factor: str,
    metric: str,
    *,
    title: Text = UNTITLED,
    series: str | None = None,
    band: Band = SEED_RANGE,
    differences: bool = False,
    caption: Text = "",
    name: str | None = None,
    log: bool = False,
    log_y: bool = False,
    references: Mapping[str, float] | None = None,
    height: int = 340,
) -> Figure:
    """Draw a metric over the values of one factor; numbers on an axis, words side by side.

    Args:
        frame: one row per run (its last epoch).
        factor: a column of `frame`, by path or short name.
        metric: a column of `frame`.
        title: the finding.
        series: a second column; one line per value.
        band: what the bars are.
        differences: the numbers are differences; shares are then shown in percentage points.
        caption: the words before the description of the bars.
        name: of the figure's files (default: made from metric and factor).
        log: logarithmic axis of a numeric factor, e.g. for widths 16 to 1024.
        log_y: logarithmic axis of the metric.
        references: label -> value; dashed lines, e.g. a published number.
        height: pixels.

    Raises:
        ConfigError: a missing column, or a logarithmic axis for a value that is not positive.
    """
    import altair as alt

    factor, metric, _ = check_columns(frame, factor, metric, "seed")
    if series:
        (series,) = check_columns(frame, series)
    values = first_seen(frame[factor])
    numeric = all(not isinstance(v, str | tuple | list | bool | None) for v in values)
    if log and not (numeric and min(values) > 0):
        raise ConfigError(
            f"log axis of {factor!r}: expected positive numbers; got {values[:6]}; try log=False"
        )
    measure = quantity(metric)
    groups = [factor, *([series] if series else [])]
    shown = without_diverged(frame, metric)
    summary = summarise(shown, groups, metric, band, differences=differences)
    labels = list(map(writer(frame[series]), first_seen(frame[series]))) if series else [""]
    keys = [c for c in ("key", "seed", "status") if c in frame]
    k = measure.factor if differences else 1.0
    values_of = shown[[*groups, *keys, metric]].assign(**{metric: shown[metric] * k})
    seeds = _drawn(values_of, factor, series, labels, numeric, log)
    parts = ["mean", "low", "high"]
    scaled = summary.assign(**{part: summary[part] * k for part in parts})
    means = _drawn(scaled, factor, series, labels, numeric, log)
    if log_y:
        means = above_zero(means, "low", "high")
        seeds = seeds[seeds[metric] > 0]
    x = x_encoding(factor, values, numeric, log)
    y_scale = alt.Scale(type="log", nice=True) if log_y else alt.Scale(zero=False, nice=True)
    y_title = measure.difference if differences else measure.name
    number = ".6~g" if differences else measure.axis_format
    y_axis = alt.Axis(**number_labels(means["mean"] if log_y else (), number), tickCount=6)

    def y_of(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=y_title, scale=y_scale, axis=y_axis)

    encodings: dict[str, Any] = {"x": x}
    styles = ["plain"]
    if series:
        encodings |= series_encodings(labels, factor_name(series), ordered=False)
        styles = []
        if not numeric:
            encodings["xOffset"] = alt.XOffset("series:N", sort=labels)
    shape = encodings.pop("shape", None)
    shaped = {"shape": shape} if shape is not None else {}
    tooltip = [alt.Tooltip("label:N", title=factor_name(factor))]
    if series:
        tooltip.append(alt.Tooltip("series:N", title=factor_name(series)))
    number = ".4~g" if differences else measure.number_format
    dots = (
        alt.Chart(inline(seeds.rename(columns={metric: "value"})))
        .mark_point(style=[*styles, "seed"])
        .encode(
            y=y_of("value"),
            tooltip=[
                *tooltip,
                alt.Tooltip("seed:N", title="seed"),
                alt.Tooltip("value:Q", title=y_title, format=number),
            ],
            **encodings,
            **shaped,
        )
    )
    base = alt.Chart(inline(means))
    bars = base.mark_rule(style=[*styles, "interval"]).encode(
        y=y_of("low"), y2="high:Q", **encodings
    )
    centres = base.mark_point(style=[*styles, "mean"]).encode(
        y=y_of("mean"),
        tooltip=[
            *tooltip,
            *(alt.Tooltip(f"{part}:Q", title=part, format=number) for part in parts),
            alt.Tooltip("n_seeds:Q", title="seeds"),
        ],
        **encodings,
        **shaped,
    )
    layers: list[alt.Chart] = [dots, bars, centres]
    if summary["low"].isna().all():
        # A layer that draws nothing has no extent and no name: Vega warns, and readers aloud stop.
        layers.remove(bars)
    if numeric:
        line = base.mark_line(strokeWidth=1.2, opacity=0.7).encode(y=y_of("mean"), **encodings)
        layers.insert(1, line)
    ends = [scaled["mean"].iloc[place] for place in (0, -1)]
    layers += reference_lines(references or {}, y_of, ends)
    return Figure(
        name or f"{metric}-by-{factor}".replace("_", "-").lower(),
        title,
        alt.layer(*layers).properties(width=WIDTH_PX, height=height),
        join_texts(caption, band.says, diverged_note(frame, factor)),
        frame[[*groups, *keys, metric]].merge(summary, on=groups, how="left"),
    )


def reference_lines(
    values: Mapping[str, float], y_of: Any, ends: Sequence[float]
) -> list[alt.Chart]:
    """Return a dashed line and its label for each named value.

    Args:
        values: label -> where.
        y_of: makes the vertical encoding of a field.
        ends: the curve's first and last value; labels stand where it is farther away.
    """
    import altair as alt
    import pandas as pd

    if not values:
        return []
    frame = pd.DataFrame({"label": list(values), "level": [float(v) for v in values.values()]})
    base = alt.Chart(inline(frame)).encode(y=y_of("level"))
    first, last = (sum(abs(level - end) for level in frame["level"]) for end in ends)
    # On the side where the curve is further away.
    align: Literal["left", "right"] = "left" if first > last else "right"
    x = 4 if align == "left" else "width"
    note = base.mark_text(style="note", align=align, baseline="bottom", dy=-3)
    return [
        base.mark_rule(style="reference"),
        note.encode(text="label:N", x=alt.value(x)),
    ]


def _drawn(
    frame: pd.DataFrame,
    factor: str,
    series: str | None,
    labels: list[str],
    numeric: bool,
    log: bool,
) -> pd.DataFrame:
    """Add x, label and series; series of a numeric factor stand a little apart."""
    out = frame.assign(label=list(map(writer(frame[factor]), frame[factor])))
    names = list(map(writer(frame[series]), frame[series])) if series else [""] * len(frame)
    out = out.assign(series=names, x=frame[factor] if numeric else out["label"])
    if numeric and series:
        middle = (len(labels) - 1) / 2
        steps = [labels.index(label) - middle for label in names]
        span = float(frame[factor].max() - frame[factor].min()) or 1.0
        out["x"] = [
            # By factors on a logarithmic axis: series then stand equally far apart everywhere.
            float(value) * 1.035**step if log else float(value) + 0.008 * span * step
            for value, step in zip(frame[factor], steps, strict=True)
        ]
    return out.drop(columns=[c for c in (factor, series) if c])


def x_encoding(
    factor: str, values: Sequence[Any], numeric: bool, log: bool, *, tick_each: bool = True
) -> alt.X:
    """Return the horizontal encoding of a factor: to scale if its values are numbers.

    Args:
        factor: by path; its name is the title.
        values: that occur, in order.
        numeric: whether they are numbers.
        log: logarithmic axis.
        tick_each: a tick at each of the numbers.
    """
    import altair as alt

    title = factor_name(factor)
    if not numeric:
        labels = list(map(writer(values), values))
        # Labels that would touch one another are slanted.
        touch = max(map(len, labels)) * _LETTER_PX * len(labels) > WIDTH_PX
        # Others break after a comma: on a narrow page they would touch in one line.
        angle: dict[str, Any] = {"labelAngle": 0, "labelExpr": "split(datum.label, ', ')"}
        if touch:
            angle = {"labelAngle": -35, "labelAlign": "right"}
        axis = alt.Axis(**angle, labelOverlap=False, labelLimit=140)
        return alt.X("x:N", title=title, sort=labels, axis=axis)
    ticks = [float(value) for value in values]
    low, high = min(ticks), max(ticks)
    if log:
        room = max((high / low) ** 0.04, 1.05)
        scale = alt.Scale(type="log", domain=[low / room, high * room], nice=False)
    else:
        room = 0.04 * (high - low) or 1.0
        scale = alt.Scale(domain=[low - room, high + room], nice=False)
    title = f"{title} (log scale)" if log else title
    placed = {"values": ticks} if tick_each else {"tickCount": 6}
    axis = alt.Axis(**placed, **number_labels(ticks), labelOverlap="greedy", labelSeparation=4)
    return alt.X("x:Q", title=title, scale=scale, axis=axis)
