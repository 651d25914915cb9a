"""The ways beside each other: memory, bytes sent and time of a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure
from mlplab.draw.rows import inline
from mlplab.theory.split.split import Training

if TYPE_CHECKING:
    import altair as alt

_MEASURES = (
    ("memory of the largest process (MB)", "memory_bytes", 1e6),
    ("bytes that all processes send in a step (MB)", "sent_bytes", 1e6),
    ("time of a step (ms)", "step_seconds", 1e-3),
)
_BAR_PX, _WIDTH_PX = 30, 450


def label(training: Training) -> str:
    """Return what a training is called beside others."""
    n = len(training.parts)
    return "one process" if n == 1 else f"{training.way}, {n} processes"


def split_figure(trainings: Sequence[Training]) -> Figure:
    """Draw a bar for each training and measure, with its number; the title names the extremes."""
    import altair as alt
    import pandas as pd

    rows: list[dict[str, Any]] = [
        {"training": label(training), "measure": says, "value": value / unit}
        for says, name, unit in _MEASURES
        for training in trainings
        if (value := getattr(training, name)) is not None
    ]
    frame = pd.DataFrame(rows)
    order = [label(training) for training in trainings]

    def bars(measure: str) -> alt.LayerChart:
        part = frame[frame["measure"] == measure]
        base = alt.Chart(inline(part)).encode(
            y=alt.Y("training:N", title=None, sort=order, axis=alt.Axis(labelLimit=170)),
            x=alt.X("value:Q", title=measure, axis=alt.Axis(tickCount=5, format=",.4~g")),
        )
        number = base.mark_text(style="row-label", align="left", dx=4)
        number = number.encode(text=alt.Text("value:Q", format=",.3~g"))
        layers = base.mark_bar(style="plain", height={"band": 0.6}) + number
        chart: alt.LayerChart = layers.properties(width=_WIDTH_PX, height=_BAR_PX * len(order))
        return chart

    measures = [says for says, *_ in _MEASURES if (frame["measure"] == says).any()]
    return Figure(
        "split",
        _finding(trainings),
        alt.vconcat(*map(bars, measures)),
        "Memory above that of the process before it had a network; medians over steps.",
        frame,
    )


def _finding(trainings: Sequence[Training]) -> str:
    split = [training for training in trainings if len(training.parts) > 1] or list(trainings)
    least = min(split, key=lambda one: one.sent_bytes)
    known = [one for one in split if one.memory_bytes is not None]
    small = min(known, key=lambda one: one.memory_bytes or 0, default=None)
    says = f"{label(least)}: least sent in a step ({least.sent_bytes / 1e6:.3g} MB)"
    if small is None or small.memory_bytes is None:
        return says
    return f"{says}; {label(small)}: least memory ({small.memory_bytes / 1e6:.3g} MB)"
