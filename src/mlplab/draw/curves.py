"""Learning curves: a metric over the epochs, one band per arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplab.draw.figure import Figure
from mlplab.draw.lines import band_lines
from mlplab.draw.rows import SEED_RANGE, Band, check_columns, diverged_note, summarise
from mlplab.draw.words import UNTITLED, Text, factor_name, join_texts, quantity

if TYPE_CHECKING:
    import pandas as pd


def learning_curves(
    frame: pd.DataFrame,
    metric: str,
    *,
    title: Text = UNTITLED,
    by: str = "arm",
    band: Band = SEED_RANGE,
    caption: Text = "",
    name: str = "learning-curves",
    ordered: bool | None = None,
    log_y: bool = False,
) -> Figure:
    """Draw the course of a metric, with a band over the seeds of each arm.

    Args:
        frame: one row per run and epoch.
        metric: a column of `frame`.
        title: the finding.
        by: the column that tells the arms apart: `arm`, or a factor such as `hidden`.
        band: what is drawn around the mean.
        caption: the words before the description of the band.
        name: of the figure's files.
        ordered: the arms are steps of one quantity (default: if they are numbers).
        log_y: logarithmic scale, for losses that fall by orders of magnitude.

    A run that diverged has no value from then on; the caption counts such runs.
    """
    by, _, _, metric = check_columns(frame, by, "epoch", "seed", metric)
    seen = frame[frame[metric].notna()]
    summary = summarise(seen, [by, "epoch"], metric, band)
    drawn = summary.rename(columns={by: "series", "epoch": "x"})
    keep = [column for column in ("key", by, "seed", "epoch", "status", metric) if column in frame]
    data = frame[keep].merge(summary, on=[by, "epoch"], how="left")
    return band_lines(
        drawn,
        name=name,
        title=title,
        x_title="epoch",
        y=quantity(metric),
        caption=join_texts(caption, band.says, diverged_note(frame, by, course=True)),
        series_title="" if by == "arm" else factor_name(by),
        ordered=ordered,
        log_y=log_y,
        data=data,
    )
