"""A loss surface: the loss over a plane of weights, networks marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlplab.draw.figure import Figure
from mlplab.draw.heat import INK_TURN
from mlplab.draw.rows import check_columns, inline
from mlplab.draw.words import UNTITLED, Text, join_texts
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_WIDTH_PX = 460
_HEIGHTS_PX = (200, 520)
_OVERLAP = 0.06  # of a cell: without it, thin lines of paper show between cells


def loss_surface(
    frame: pd.DataFrame,
    marks: Mapping[str, tuple[float, float]],
    *,
    title: Text = UNTITLED,
    loss_title: str = "training loss",
    x_title: str = "first direction",
    y_title: str = "second direction",
    caption: Text = "",
    words: Mapping[str, str] | None = None,
    name: str = "loss-surface",
) -> Figure:
    """Draw the loss on a grid, its colours in logarithmic steps, with networks marked on it.

    Args:
        frame: columns x, y, loss on a whole grid, as `theory.Surface.frame` gives them.
        marks: name -> (x, y) of networks in the plane, as `theory.Plane.marks`.
        title: the finding.
        loss_title: what the colours show.
        x_title, y_title: of the axes, with units.
        caption: the words before the explanation.
        words: Chinese for the names of marks and axes.
        name: of the figure's files.

    Raises:
        ConfigError: the points are no whole grid, or no loss is finite and above 0.
    """
    import altair as alt
    import numpy as np

    check_columns(frame, "x", "y", "loss")
    xs, ys = np.unique(frame["x"]), np.unique(frame["y"])
    if len(frame) != len(xs) * len(ys) or min(len(xs), len(ys)) < 2:
        raise ConfigError(
            f"loss surface: expected a whole grid of at least 2 by 2 points; got {len(frame)} "
            f"points with {len(xs)} values of x and {len(ys)} of y"
        )
    sound = frame[np.isfinite(frame["loss"]) & (frame["loss"] > 0)]
    if not len(sound):
        raise ConfigError("loss surface: expected losses above 0; none is finite and above 0")
    low, high = float(sound["loss"].min()), float(sound["loss"].max())
    steps = [(axis[-1] - axis[0]) / (len(axis) - 1) for axis in (xs, ys)]
    cells = alt.Chart(inline(sound.rename(columns={"loss": "value"})))
    dx, dy = (step / 2 * (1 + _OVERLAP) for step in steps)
    cells = cells.transform_calculate(
        x1=f"datum.x - {dx}", x2=f"datum.x + {dx}", y1=f"datum.y - {dy}", y2=f"datum.y + {dy}"
    )
    x, y = _axis(xs, steps[0], x_title), _axis(ys, steps[1], y_title)
    colour = alt.Color(
        "value:Q",
        title=loss_title,
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        legend=alt.Legend(format=".3~g", gradientLength=180, gradientThickness=9, tickCount=4),
    )
    layers = [
        cells.mark_rect(stroke=None, aria=False).encode(
            x=alt.X("x1:Q", **x),
            x2="x2:Q",
            y=alt.Y("y1:Q", **y),
            y2="y2:Q",
            color=colour,
            tooltip=[
                alt.Tooltip("x:Q", title=x_title, format=".3~g"),
                alt.Tooltip("y:Q", title=y_title, format=".3~g"),
                alt.Tooltip("value:Q", title=loss_title, format=".4~g"),
            ],
        ),
        *_marked(sound, marks, x, y, low, high),
    ]
    aspect = (ys[-1] - ys[0]) / (xs[-1] - xs[0])
    height = int(min(max(_WIDTH_PX * aspect, _HEIGHTS_PX[0]), _HEIGHTS_PX[1]))
    n_open = len(frame) - len(sound)
    return Figure(
        name,
        title,
        alt.layer(*layers).properties(width=_WIDTH_PX, height=height),
        join_texts(caption, _explanation(n_open)),
        frame,
        words or {},
    )


def _axis(values: Any, step: float, title: str) -> dict[str, Any]:
    import altair as alt

    ends = [float(values[0] - step / 2), float(values[-1] + step / 2)]
    return {
        "title": title,
        "scale": alt.Scale(domain=ends, nice=False, zero=False),
        "axis": alt.Axis(format=".3~g", grid=False, tickCount=6),
    }


def _marked(
    cells: pd.DataFrame,
    marks: Mapping[str, tuple[float, float]],
    x: Mapping[str, Any],
    y: Mapping[str, Any],
    low: float,
    high: float,
) -> list[alt.Chart]:
    """Points with names, in the ink that the colour under each asks for."""
    import altair as alt
    import numpy as np
    import pandas as pd

    if not marks:
        return []
    span = np.log(high / low) or 1.0
    rows = []
    for label, (across, up) in marks.items():
        near = ((cells["x"] - across) ** 2 + (cells["y"] - up) ** 2).to_numpy().argmin()
        share = np.log(cells["loss"].iloc[near] / low) / span
        rows.append({"label": label, "x": across, "y": up, "inked": bool(share >= INK_TURN)})
    base = alt.Chart(inline(pd.DataFrame(rows))).encode(x=alt.X("x:Q", **x), y=alt.Y("y:Q", **y))
    layers = [base.mark_point(style="outline", shape="circle", size=90)]
    for style, condition in {"on-low": "!datum.inked", "on-high": "datum.inked"}.items():
        layers.append(
            base.transform_filter(condition)
            .mark_text(style=style, dy=-13, fontWeight=600)
            .encode(text="label:N")
        )
    return layers


def _explanation(n_open: int) -> Text:
    en, zh = "Colours follow the logarithm of the loss.", "颜色按损失的对数变化。"
    if n_open:
        en += f" {n_open} points have no finite loss above 0 and are left blank."
        zh += f"有 {n_open} 个点没有大于 0 的有限损失，留作空白。"
    return {"en": en, "zh": zh}
