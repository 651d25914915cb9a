"""The confidence set of the best arms: which may be best, and which are nearly so."""

from __future__ import annotations

from collections.abc import Collection
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
from mlplab.draw.words import UNTITLED, Text, factor_name, join_texts, quantity, writer
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_ROW_PX = 36  # two lines of a verdict's word
_BOTH, _CANDIDATE, _NEAR = "candidate and near-best", "candidate", "near-best"
_BEATEN, _FAILED = "beaten", "failed"
_SHAPES = {
    _BOTH: "diamond",
    _CANDIDATE: "triangle-up",
    _NEAR: "square",
    _BEATEN: "circle",
    _FAILED: "cross",
}
_STYLES = {
    _BOTH: "mark-supported",
    _CANDIDATE: "mark-equivalent",
    _NEAR: "mark-equivalent",
    _BEATEN: "faded",
    _FAILED: "mark-refuted",
}
_TEXTS = {
    _BOTH: "verdict-supported",
    _CANDIDATE: "verdict-equivalent",
    _NEAR: "verdict-equivalent",
    _BEATEN: "note",
    _FAILED: "verdict-refuted",
}


def best_set(
    frame: pd.DataFrame,
    metric: str,
    *,
    candidates: Collection[Any],
    near_best: Collection[Any],
    title: Text = UNTITLED,
    matters: float,
    by: str = "arm",
    band: Band = SEED_RANGE,
    caption: Text = "",
    name: str = "best-arms",
) -> Figure:
    """Draw every arm's seeds and interval, and name its place in the confidence sets.

    Args:
        frame: one row per run (its last epoch).
        metric: a column of `frame`.
        candidates, near_best: values of `by`; as in the details of a verdict on the best arm.
        title: the finding.
        matters: the smallest difference that matters, for the caption.
        by: the column that tells the arms apart.
        band: what the bars are.
        caption: the words before the explanation.
        name: of the figure's files.

    Raises:
        ConfigError: a set names an arm that the frame does not hold.
    """
    import altair as alt

    by, metric, _ = check_columns(frame, by, metric, "seed")
    arms = first_seen(frame[by])
    write = writer(arms)
    strange = [arm for arm in (*candidates, *near_best) if arm not in arms]
    if strange:
        raise ConfigError(f"best arms: expected arms among {arms[:8]}; got {strange}")
    lost = frame["status"].eq("diverged") if "status" in frame else frame[metric].isna()
    failed = set(frame.loc[lost, by])
    shown = without_diverged(frame, metric)
    summary = summarise(shown, [by], metric, band)
    places = {arm: _place(arm, candidates, near_best, failed) for arm in arms}
    summary = summary.assign(place=[places[arm] for arm in summary[by]])
    measure = quantity(metric)

    def drawn(table: pd.DataFrame) -> pd.DataFrame:
        # The word is translated with the chart; the place is what layers are picked by.
        found = [places[arm] for arm in table[by]]
        labels = [write(arm) for arm in table[by]]
        return table.assign(label=labels, place=found, word=found).drop(columns=by)

    x_scale = alt.Scale(zero=False, nice=True)
    x_axis = alt.Axis(format=measure.axis_format, grid=True, tickCount=6)

    def x_of(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=measure.name, scale=x_scale, axis=x_axis)

    y = alt.Y(
        "label:N",
        title=None if by == "arm" else factor_name(by),
        sort=[write(arm) for arm in arms],
        axis=alt.Axis(labelLimit=150, labelPadding=10),
    )
    number = measure.number_format
    dots = inline(drawn(shown[[by, "seed", metric]].rename(columns={metric: "value"})))
    means = inline(drawn(summary))
    tooltip = [
        alt.Tooltip("label:N", title="arm"),
        *(alt.Tooltip(f"{part}:Q", title=part, format=number) for part in ("mean", "low", "high")),
        alt.Tooltip("n_seeds:Q", title="seeds"),
    ]
    layers: list[alt.Chart] = []
    for word in dict.fromkeys(places.values()):
        mine, style = f"datum.place === '{word}'", _STYLES[word]
        base = alt.Chart(means).transform_filter(mine)
        layers += [
            alt.Chart(dots)
            .transform_filter(mine)
            .mark_point(style=[style, "seed"])
            .encode(
                x=x_of("value"),
                y=y,
                tooltip=[
                    alt.Tooltip("label:N", title="arm"),
                    alt.Tooltip("seed:N", title="seed"),
                    alt.Tooltip("value:Q", title=measure.name, format=number),
                ],
            ),
            base.mark_rule(style=[style, "interval"]).encode(x=x_of("low"), x2="high:Q", y=y),
            base.mark_point(style=[style, "mean"], shape=_SHAPES[word], size=110).encode(
                x=x_of("mean"), y=y, tooltip=tooltip
            ),
            # Two lines where it is long: room is short beside the axes on a telephone.
            base.transform_calculate(shown="replace(datum.word, ' and ', ' and\\n')")
            .mark_text(
                style=_TEXTS[word],
                align="left",
                baseline="middle",
                dx=10,
                dy={"expr": "indexof(datum.shown, '\\n') < 0 ? 0 : -7"},
                lineBreak="\n",
                lineHeight=14,
            )
            .encode(x=alt.value("width"), y=y, text="shown:N"),
        ]
    chart = alt.layer(*layers).properties(width=WIDTH_PX - 90, height=_ROW_PX * len(arms))
    keep = [c for c in ("key", by, "seed", "status", metric) if c in frame]
    return Figure(
        name,
        title,
        chart,
        join_texts(caption, band.says, _explanation(measure.share, matters)),
        frame[keep].merge(summary, on=by, how="left"),
    )


def _place(
    arm: Any, candidates: Collection[Any], near_best: Collection[Any], failed: Collection[Any]
) -> str:
    if arm in failed:
        return _FAILED
    if arm in candidates:
        return _BOTH if arm in near_best else _CANDIDATE
    return _NEAR if arm in near_best else _BEATEN


def _explanation(share: bool, matters: float) -> Text:
    en = f"{100 * matters:g} percentage points" if share else f"{matters:g}"
    zh = f"{100 * matters:g} 个百分点" if share else f"{matters:g}"
    return {
        "en": "Candidate: no arm is shown to beat it. "
        f"Near-best: shown to be less than {en} behind the best.",
        "zh": f"候选：没有任何一组被证明优于它。近最优：被证明落后最优不到{zh}。",
    }
