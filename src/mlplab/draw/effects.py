"""What the factors of a full grid do: each level's effect, and one factor at the other's levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplab.draw.factor import metric_by_factor
from mlplab.draw.figure import Figure
from mlplab.draw.interval_rows import interval_rows
from mlplab.draw.rows import Band, check_columns
from mlplab.draw.words import Text, factor_name, join_texts, quantity, translate, writer
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

_DEVIATION = {
    "en": "Each level's mean over the levels of all other factors, less the mean of the grid.",
    "zh": "各水平对其余因素所有水平的均值，减去整个网格的均值。",
}
_CELL = {
    "en": "Mean and 95 % t-interval over seeds of each cell less its seed's mean over the grid. "
    "Parallel lines: the two factors add up.",
    "zh": "各格减去同一种子整个网格的均值后，在种子上的均值与 95 % t 区间。"
    "各线平行即两个因素可相加。",
}


def main_effects(
    frame: pd.DataFrame,
    metric: str,
    *,
    title: Text,
    caption: Text = "",
    name: str = "main-effects",
) -> Figure:
    """Draw the effect of every level of every factor with its interval, one row per level.

    Args:
        frame: what `runs.effects(metric).frame()` returns.
        metric: its metric.
        title: the finding.
        caption: the words after the explanation: what the intervals share.
        name: of the figure's files.
    """
    check_columns(frame, "kind", "factor", "level", "mean", "low", "high")
    shown = frame[frame["kind"] == "deviation"]
    measure = quantity(metric)
    names = [factor_name(path) for path in dict.fromkeys(shown["factor"])]
    labels, words = [], {"factor": "因素", "level": "水平"}
    for path, part in shown.groupby("factor", sort=False):
        name_of = factor_name(str(path))
        name_of = name_of if names.count(name_of) == 1 else str(path)
        write = writer(part["level"])
        for level in part["level"]:
            labels.append(f"{name_of} {write(level)}")
            words[labels[-1]] = f"{translate(name_of, 'zh')} {write(level)}"
    numbers = shown[["mean", "low", "high"]]
    return interval_rows(
        (numbers * measure.factor).assign(label=labels),
        "label",
        title=title,
        x_title=measure.difference,
        y_title="level",
        caption=join_texts(_DEVIATION, caption),
        name=name,
        words=words,
        data=numbers.assign(factor=shown["factor"], level=shown["level"])[
            ["factor", "level", "mean", "low", "high"]
        ],
    )


def interaction_plot(
    frame: pd.DataFrame,
    factor: str,
    series: str,
    metric: str,
    *,
    title: Text,
    log: bool = False,
    caption: Text = "",
    name: str = "interaction",
) -> Figure:
    """Draw one factor at each level of another, seed by seed less the seed's mean over the grid.

    Other factors are averaged over. Seeds with a run that failed are left out whole.

    Args:
        frame: one row per run (its last epoch) of a full grid.
        factor: the column along the axis.
        series: the column with a line per level.
        metric: a column of `frame`.
        title: the finding.
        log: logarithmic axis of the factor.
        caption: the words before the explanation.
        name: of the figure's files.

    Raises:
        ConfigError: a missing column, or no seed on which every run finished.
    """
    from mlplab.draw.t_interval import t_interval

    factor, series, metric, _ = check_columns(frame, factor, series, metric, "seed")
    value = frame[metric]
    if "status" in frame:
        value = value.mask(frame["status"].eq("diverged"))
    lost = set(frame.loc[value.isna(), "seed"])
    whole = frame[~frame["seed"].isin(lost)]
    if whole.empty:
        raise ConfigError(f"{metric} by {factor}: expected a seed on which every run finished")
    cells = whole.groupby([factor, series, "seed"], sort=False)[metric].mean().reset_index()
    cells[metric] -= cells.groupby("seed")[metric].transform("mean")
    return metric_by_factor(
        cells,
        factor,
        metric,
        series=series,
        band=Band(_CELL, t_interval),
        differences=True,
        log=log,
        title=title,
        caption=caption,
        name=name,
    )
