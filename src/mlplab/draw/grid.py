"""Grids of shares: which class was taken for which, and where a table has gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.heat import INK_TURN
from mlplab.draw.rows import check_columns, first_seen, inline
from mlplab.draw.words import UNTITLED, Text

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_CELL_PX, _LINE_PX, _LABEL_PX = 40, 17, 150
_MOST_WRITTEN = 14  # classes: with more, cells are too small for numbers


def confusion_grid(
    frame: pd.DataFrame,
    *,
    title: Text = UNTITLED,
    caption: Text = "",
    name: str = "confusion",
    words: Mapping[str, str] | None = None,
) -> Figure:
    """Draw how often each true class was predicted as each class; colour is the share of its row.

    Args:
        frame: columns true, predicted, n, share, one row per pair.
        title: the finding.
        caption: of the figure.
        name: of the figure's files.
        words: Chinese for words on the chart.
    """
    import altair as alt

    check_columns(frame, "true", "predicted", "n", "share")
    classes = [str(value) for value in dict.fromkeys(frame["true"])]
    long = max(len(name) for name in classes) > 5
    drawn = frame.assign(inked=frame["share"] >= INK_TURN)
    base = alt.Chart(inline(drawn)).encode(
        x=alt.X(
            "predicted:N", title="predicted class", sort=classes, axis=_bare(-30 if long else 0)
        ),
        y=alt.Y("true:N", title="true class", sort=classes, axis=_bare(0)),
    )
    tooltip = [
        alt.Tooltip("true:N", title="true class"),
        alt.Tooltip("predicted:N", title="predicted class"),
        alt.Tooltip("n:Q", title="rows"),
        alt.Tooltip("share:Q", title="share of the true class", format=".1%"),
    ]
    layers = [
        base.mark_rect(cornerRadius=3, stroke=None, **_gap()).encode(
            color=_shares("share", "share of the true class"), tooltip=tooltip
        )
    ]
    if len(classes) <= _MOST_WRITTEN:
        for style, condition in (("on-low", "!datum.inked"), ("on-high", "datum.inked")):
            written = base.transform_filter(condition)
            layers.append(written.mark_text(style=style).encode(text="n:Q"))
    side = min(WIDTH_PX - 120, max(150, _CELL_PX * len(classes)))
    chart = alt.layer(*layers).properties(width=side, height=side)
    return Figure(name, title, chart, caption, frame, words or {})


def gap_map(
    frame: pd.DataFrame,
    *,
    title: Text = UNTITLED,
    caption: Text = "",
    name: str = "missing",
    words: Mapping[str, str] | None = None,
    data: pd.DataFrame | None = None,
) -> Figure:
    """Draw where a table has gaps: a line per column, from the first row on the left to the last.

    Args:
        frame: columns column, first_row, n_rows, share, as `tabular.missing_map` returns them;
            drawn from the top in the order of the columns.
        title: the finding.
        caption: of the figure.
        name: of the figure's files.
        words: Chinese for words on the chart.
        data: numbers for the CSV file, if they are more than `frame`.
    """
    import altair as alt

    check_columns(frame, "column", "first_row", "n_rows", "share")
    columns = first_seen(frame["column"])
    drawn = frame.assign(start=frame["first_row"] + 1, end=frame["first_row"] + frame["n_rows"] + 1)
    last = float(drawn["end"].max())
    scale = alt.Scale(domain=[1, last], nice=False)
    base = alt.Chart(inline(drawn[["column", "start", "end", "share"]]))
    chart = base.mark_rect(stroke=None, height={"band": 0.86}).encode(
        x=alt.X("start:Q", title="row", scale=scale, axis=alt.Axis(format="~d", tickCount=6)),
        x2="end:Q",
        y=alt.Y(
            "column:N",
            title="column",
            sort=columns,
            axis=alt.Axis(labelLimit=_LABEL_PX, domain=False, ticks=False),
        ),
        # By its root: single gaps would else look like none.
        color=_shares("share", "share missing", "sqrt"),
        tooltip=[
            alt.Tooltip("column:N", title="column"),
            alt.Tooltip("start:Q", title="from row"),
            alt.Tooltip("share:Q", title="share missing", format=".0%"),
        ],
    )
    size = {"width": WIDTH_PX - _LABEL_PX, "height": max(2, len(columns)) * _LINE_PX}
    return Figure(
        name,
        title,
        alt.layer(chart).properties(**size),
        caption,
        frame if data is None else data,
        words or {},
    )


def _shares(field: str, title: str, kind: Literal["linear", "sqrt"] = "linear") -> alt.Color:
    import altair as alt

    return alt.Color(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(type=kind, domain=[0, 1]),
        legend=alt.Legend(format=".0%", gradientLength=180, gradientThickness=9),
    )


def _bare(angle: int) -> alt.Axis:
    import altair as alt

    return alt.Axis(labelAngle=angle, domain=False, ticks=False, labelLimit=120)


def _gap() -> dict[str, Any]:
    return {"width": {"band": 0.96}, "height": {"band": 0.96}}
