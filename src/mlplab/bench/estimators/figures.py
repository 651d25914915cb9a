"""Differences as a figure: one panel per table, one row per model, intervals as bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import altair as alt
import pandas as pd

from mlplab.bench.estimators.differences import Difference
from mlplab.draw import THEMES, Figure
from mlplab.draw.rows import inline

_ROW_PX, _WIDTH_PX = 24, 420
# factors that are marked where the largest is less than so many times the smallest
_TICKS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (1.7, (0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4)),
    (8.0, (0.25, 0.35, 0.5, 0.6, 0.7, 0.8, 1, 1.2, 1.5, 2, 3, 4)),
    (math.inf, (0.01, 0.04, 0.1, 0.25, 0.5, 1, 2, 4, 10, 25, 100, 400)),
)
_STYLES = {"better": "mark-supported", "worse": "mark-refuted", "open": "mark-undecided"}


def difference_figure(
    found: Sequence[Difference],
    *,
    row: Callable[[Difference], str],
    title: str,
    axis: str,
    name: str,
) -> Figure:
    """Draw every difference of the loss with its interval.

    Args:
        found: the differences; tables are panels in their order.
        row: the name of a difference's row.
        title: the finding.
        axis: what the numbers are.
        name: of the figure's files.
    """
    table = pd.DataFrame(
        {
            "table": [one.table for one in found],
            "row": [row(one) for one in found],
            "percent": [one.percent for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
            "word": [one.word for one in found],
            "zero": 0.0,
        }
    )
    rows = list(dict.fromkeys(table["row"]))
    tables = list(dict.fromkeys(table["table"]))
    # ratios: equal steps are equal factors, so that halving and doubling look alike
    shown = table.assign(**{c: 1 + table[c] / 100 for c in ("percent", "low", "high", "zero")})
    scale = alt.Scale(type="log", nice=False, padding=8)

    y = alt.Y("row:N", title=None, sort=rows, axis=alt.Axis(labelLimit=200, labelPadding=8))
    panels = []
    for one in tables:
        part = shown[shown["table"] == one]
        title_here = axis if one == tables[-1] else None
        numbers = _axis(max(1.0, part["high"].max()) / min(1.0, part["low"].min()))

        def x_of(field: str, words: str | None = title_here, numbers: alt.Axis = numbers) -> alt.X:
            return alt.X(f"{field}:Q", title=words, scale=scale, axis=numbers)

        base = alt.Chart(inline(part)).encode(y=y)
        zero = alt.Chart(inline(part[["zero"]].head(1))).mark_rule(style="zero")
        layers: list[alt.Chart] = [zero.encode(x=x_of("zero"))]
        for word, style in _STYLES.items():
            mine = base.transform_filter(f"datum.word === '{word}'")
            layers += [
                mine.mark_rule(style=[style, "interval"]).encode(x=x_of("low"), x2="high:Q"),
                mine.mark_point(style=[style, "mean"], shape="diamond", size=90).encode(
                    x=x_of("percent")
                ),
            ]
        panels.append(
            alt.layer(*layers).properties(
                width=_WIDTH_PX,
                height=_ROW_PX * part["row"].nunique(),
                title=alt.TitleParams(one, anchor="start", fontSize=13),
            )
        )
    level = 100 * found[0].level
    caption = (
        f"Diamond: mean over {found[0].n_splits} splits; bar: {level:.2f} % interval, corrected "
        "for rows that splits share. Left of the line the loss is lower. Each table has an axis of "
        "its own."
    )
    chart = alt.vconcat(*panels, spacing=14).resolve_scale(x="independent")
    return Figure(name, title, chart, caption, table)


def _axis(times: float) -> alt.Axis:
    """Mark factors as differences in per cent, as finely as the range allows."""
    values = next(ticks for most, ticks in _TICKS if times < most)
    return alt.Axis(
        labelExpr="(datum.value > 1 ? '+' : datum.value < 1 ? '−' : '') + "
        "format(abs(datum.value - 1) * 100, '.3~r') + ' %'",
        values=list(values),
        grid=True,
        labelOverlap="greedy",
    )


def write_figure(figure: Figure, folder: Path) -> list[Path]:
    """Write a figure as SVG for light and for dark paper; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for theme in THEMES:
        path = folder / f"{figure.name}-{theme}.svg"
        path.write_text(figure.svg(theme, paper=True), encoding="utf-8")
        paths.append(path)
    return paths
