"""A heat map: a metric over two factors, every cell annotated, diverged runs marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import (
    SEED_RANGE,
    Band,
    check_columns,
    first_seen,
    inline,
    summarise,
    without_diverged,
)
from mlplab.draw.words import UNTITLED, Quantity, Text, factor_name, join_texts, quantity, writer

if TYPE_CHECKING:
    import pandas as pd

_CELL_PX = 46
# Where the inks of light and dark cells change over, as a share of the colour scale.
INK_TURN = 0.615


def heat_map(
    frame: pd.DataFrame,
    x: str,
    y: str,
    metric: str,
    *,
    title: Text = UNTITLED,
    chosen: tuple[Any, Any] | None = None,
    band: Band = SEED_RANGE,
    caption: Text = "",
    name: str | None = None,
) -> Figure:
    """Draw the mean of a metric over two factors.

    A cell in which runs diverged says how many; the mean is that of the others.

    Args:
        frame: one row per run (its last epoch).
        x, y: the two factors, columns of `frame`.
        metric: a column of `frame`.
        title: the finding.
        chosen: values of x and y of a cell to be outlined.
        band: what the tooltips show around the mean.
        caption: of the figure.
        name: of the figure's files.
    """
    import altair as alt

    x, y, metric, _ = check_columns(frame, x, y, metric, "seed")
    measure = quantity(metric)
    lost = frame["status"].eq("diverged") if "status" in frame else frame[metric].isna()
    summary = summarise(without_diverged(frame, metric), [x, y], metric, band)
    counts = (
        frame.assign(n_diverged=lost.astype(int), n_runs=1)
        .groupby([x, y], sort=False)[["n_diverged", "n_runs"]]
        .sum()
        .reset_index()
    )
    cells = summary.merge(counts, on=[x, y])
    low, high = cells["mean"].min(), cells["mean"].max()
    span = (high - low) or 1.0
    write_x, write_y = writer(frame[x]), writer(frame[y])
    drawn = cells.assign(
        x=[write_x(value) for value in cells[x]],
        y=[write_y(value) for value in cells[y]],
        label=[_annotation(measure, mean) for mean in cells["mean"]],
        sick=[_sick(*pair) for pair in zip(cells["n_diverged"], cells["n_runs"], strict=True)],
        inked=[(mean - low) / span >= INK_TURN for mean in cells["mean"]],
        chosen=[chosen == pair for pair in zip(cells[x], cells[y], strict=True)],
    ).drop(columns=[x, y])
    columns = [write_x(value) for value in first_seen(frame[x])]
    rows = [write_y(value) for value in first_seen(frame[y])]
    # A larger value stands higher, as on any other axis.
    rows = rows[::-1] if _numeric(frame[y]) else rows
    base = alt.Chart(inline(drawn)).encode(
        x=alt.X(
            "x:N",
            title=factor_name(x),
            sort=columns,
            axis=alt.Axis(labelAngle=0, domain=False, ticks=False, labelOverlap="greedy"),
        ),
        y=alt.Y("y:N", title=factor_name(y), sort=rows, axis=alt.Axis(domain=False, ticks=False)),
    )
    number = measure.number_format
    tooltip = [
        alt.Tooltip("x:N", title=factor_name(x)),
        alt.Tooltip("y:N", title=factor_name(y)),
        *(alt.Tooltip(f"{part}:Q", title=part, format=number) for part in ("mean", "low", "high")),
        alt.Tooltip("n_runs:Q", title="runs"),
        alt.Tooltip("n_diverged:Q", title="diverged"),
    ]
    known, empty = "isValid(datum.mean)", "!isValid(datum.mean)"
    gap: dict[str, Any] = {"cornerRadius": 3, "width": {"band": 0.96}, "height": {"band": 0.94}}
    layers = [
        base.transform_filter(empty).mark_rect(style="missing", **gap).encode(tooltip=tooltip),
        base.transform_filter(known)
        .mark_rect(stroke=None, **gap)
        .encode(
            color=alt.Color(
                "mean:Q",
                title=measure.name,
                scale=alt.Scale(zero=False, nice=False),
                legend=alt.Legend(
                    format=measure.axis_format, gradientLength=180, gradientThickness=9
                ),
            ),
            tooltip=tooltip,
        ),
    ]
    if cells["mean"].notna().all():
        del layers[0]  # a layer that draws nothing is an element without a name
    # In the chart's own terms: a page may make it narrower after it was drawn.
    size = {"expr": f"max(8, min(12, width / {4.2 * len(columns):.1f}))"}
    inks = {"on-low": f"{known} && !datum.inked", "on-high": f"{known} && datum.inked"}
    for style, condition in {**inks, "note": empty}.items():
        words = base.transform_filter(condition).mark_text
        lift = {"expr": "datum.sick ? -6 : 0"} if style != "note" else -6
        layers.append(words(style=style, fontSize=size, dy=lift).encode(text="label:N"))
        layers.append(words(style=style, fontSize=size, dy=8).encode(text="sick:N"))
    if chosen is not None:
        layers.append(base.transform_filter("datum.chosen").mark_rect(style="outline", **gap))
    width = min(WIDTH_PX, max(320, 92 * len(columns)))
    chart = alt.layer(*layers).properties(width=width, height=_CELL_PX * len(rows))
    return Figure(
        name or f"{metric}-by-{x}-and-{y}".replace("_", "-").lower(),
        title,
        chart,
        join_texts(caption, _legend_note(int(counts["n_diverged"].sum()), chosen is not None)),
        frame[[c for c in ("key", "arm", x, y, "seed", "status", metric) if c in frame]].merge(
            cells, on=[x, y], how="left"
        ),
    )


def _annotation(measure: Quantity, mean: float) -> str:
    if mean != mean:
        return "–"
    return f"{100 * mean:.1f}" if measure.share else f"{mean:.3g}"


def _sick(n_diverged: int, n_runs: int) -> str:
    return f"× {n_diverged}/{n_runs}" if n_diverged else ""


def _legend_note(n_diverged: int, outlined: bool) -> Text:
    en, zh = ["Each cell is a mean over seeds."], ["每格为各种子的均值。"]
    if n_diverged:
        en.append("× counts the runs that diverged; they are not in the mean.")
        zh.append("× 为发散的运行数，不计入均值。")
    if outlined:
        en.append("The outlined cell is the chosen one.")
        zh.append("描边的格为所选。")
    return {"en": " ".join(en), "zh": "".join(zh)}


def _numeric(values: pd.Series[Any]) -> bool:
    return all(not isinstance(value, str | tuple | list | None) for value in values)
