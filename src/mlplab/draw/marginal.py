"""A search's trials by one factor: every trial, and the mean of each value or range of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw.factor import x_encoding
from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import check_columns, inline
from mlplab.draw.words import Text, factor_name, quantity, writer

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd


def trials_by_factor(
    trials: pd.DataFrame,
    means: pd.DataFrame,
    factor: str,
    metric: str,
    *,
    title: Text,
    caption: Text = "",
    log: bool = False,
    name: str | None = None,
    height: int = 260,
) -> Figure:
    """Draw each trial's score over one factor, and means with their intervals.

    Args:
        trials: one row per trial.
        means: of this factor, as `SearchResult.marginal_means` returns them: a row per `value`, or
            per range `from` `to`.
        factor: a column of `trials`; numbers lie to scale.
        metric: a column of `trials`; rows without a value are left out.
        title: the finding.
        caption: what the means are, and what they are not.
        log: logarithmic axis of a factor of numbers.
        name: of the figure's files.
        height: pixels.
    """
    import altair as alt
    import pandas as pd

    factor, metric = check_columns(trials, factor, metric)
    check_columns(means, "value", "from", "to", "mean", "low", "high", "trials")
    measure = quantity(metric)
    shown = trials.loc[trials[metric].notna(), [factor, metric]]
    ranges = bool(means["from"].notna().all())
    numbers = [*means["from"], *means["to"]] if ranges else list(means["value"])
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers)
    write = writer([*shown[factor], *numbers])
    dots = pd.DataFrame({"label": list(map(write, shown[factor])), "value": shown[metric]})
    dots["x"] = shown[factor].astype(float) if numeric else dots["label"]
    centres = means[["mean", "low", "high", "trials"]].reset_index(drop=True)
    if ranges:
        first, last = means["from"].astype(float), means["to"].astype(float)
        middle = (first * last) ** 0.5 if log else (first + last) / 2
        centres = centres.assign(x=middle.to_list(), first=first.to_list(), last=last.to_list())
        spans = zip(means["from"], means["to"], strict=True)
        centres["label"] = [f"{a:.3g} – {b:.3g}" for a, b in spans]
    else:
        centres["label"] = list(map(write, means["value"]))
        centres["x"] = means["value"].astype(float).to_list() if numeric else centres["label"]
    centres = centres[centres["mean"].notna()]
    ticks = numbers if numeric else list(map(write, numbers))
    x = x_encoding(factor, ticks, numeric, log, tick_each=not ranges)

    def y_of(field: str) -> alt.Y:
        scale = alt.Scale(zero=False, nice=True)
        axis = alt.Axis(format=measure.axis_format, tickCount=6)
        return alt.Y(f"{field}:Q", title=measure.name, scale=scale, axis=axis)

    label = alt.Tooltip("label:N", title=factor_name(factor))
    parts = [
        alt.Tooltip(f"{part}:Q", title=part, format=measure.number_format)
        for part in ("mean", "low", "high")
    ]
    base = alt.Chart(inline(centres))
    points = alt.Chart(inline(dots)).mark_point(style=["faded", "seed"])
    value = alt.Tooltip("value:Q", title=measure.name, format=measure.number_format)
    layers = [points.encode(x=x, y=y_of("value"), tooltip=[label, value])]
    if ranges:
        across = base.mark_rule(style="plain", strokeWidth=1.2)
        layers.append(across.encode(x=alt.X("first:Q"), x2="last:Q", y=y_of("mean")))
    if centres["low"].notna().any():
        bars = base.mark_rule(style=["plain", "interval"])
        layers.append(bars.encode(x=x, y=y_of("low"), y2="high:Q"))
    count = alt.Tooltip("trials:Q", title="trials")
    centre = base.mark_point(style=["plain", "mean"])
    layers.append(centre.encode(x=x, y=y_of("mean"), tooltip=[label, *parts, count]))
    owners = [_owner(value, means, ranges) for value in shown[factor]]
    of_group = means[["from", "to", "mean", "low", "high", "trials"]].iloc[owners]
    kept = of_group if ranges else of_group.drop(columns=["from", "to"])
    return Figure(
        name or f"{metric}-by-{factor}".replace("_", "-").lower(),
        title,
        alt.layer(*layers).properties(width=WIDTH_PX, height=height),
        caption,
        pd.concat([shown.reset_index(drop=True), kept.reset_index(drop=True)], axis=1),
        {"from": "从", "to": "到", "trials": "试验数"},
    )


def _owner(value: Any, means: pd.DataFrame, ranges: bool) -> int:
    """The row of the means that a trial's value belongs to."""
    if ranges:
        ends = zip(means["from"], means["to"], strict=True)
        return next(row for row, (low, high) in enumerate(ends) if low <= value <= high)
    return list(means["value"]).index(value)
