"""A critical-difference picture: arms along an axis, bars join those not told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import check_columns, first_seen, inline, without_diverged
from mlplab.draw.words import UNTITLED, Quantity, Text, join_texts, quantity, writer
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from mlplab.stats import Pairs

_SIDE_PX = 110
_BAR_PX, _ROW_PX = 13, 24


def critical_differences(
    frame: pd.DataFrame,
    metric: str,
    *,
    title: Text = UNTITLED,
    by: str = "arm",
    higher_is_better: bool = True,
    n_test: int | None = None,
    caption: Text = "",
    name: str = "critical-differences",
) -> Figure:
    """Draw every arm's mean, best to the right, and join the arms that cannot be told apart.

    The form is that of Demsar (2006), Journal of Machine Learning Research 7; the decision is
    not a rank test but `stats.tell_apart`: the paired t-interval of every two arms, their level
    shared among all pairs. Arms on which a run failed are named in the caption and not drawn.

    Args:
        frame: one row per run (its last epoch); arms are paired by seed.
        metric: a column of `frame`. To choose by it, take one of the validation split.
        title: the finding.
        by: the column that tells the arms apart.
        higher_is_better: direction of the metric.
        n_test: examples that an accuracy was counted on; see `stats.mean_interval`.
        caption: the words before the explanation.
        name: of the figure's files.

    Raises:
        ConfigError: fewer than two arms without a failed run, or two runs of an arm and seed.
    """
    import altair as alt
    import pandas as pd

    from mlplab.stats import tell_apart

    by, metric, _ = check_columns(frame, by, metric, "seed")
    arms = first_seen(frame[by])
    labels = list(map(writer(arms), arms))
    values = _by_seed(without_diverged(frame, metric), by, metric, arms)
    lost = values.isna().to_numpy()
    found = tell_apart(values.to_numpy(), failed=lost, n_test=n_test)
    means = values.mean(axis=1).to_numpy()
    shown = [i for i in range(len(arms)) if i not in found.failed]
    if len(shown) < 2:
        raise ConfigError(
            f"{metric} by {by}: expected two arms without a failed run; got {len(shown)}"
        )
    worst_first = sorted(shown, key=lambda i: means[i] if higher_is_better else -means[i])
    n_left = len(shown) // 2
    # The outermost arm of each side lies highest, so that no two lines cross.
    rows = {i: row for row, i in enumerate(worst_first[:n_left])}
    rows |= {i: row for row, i in enumerate(reversed(worst_first[n_left:]))}
    top = _BAR_PX * (len(found.groups) + 1)
    drawn = pd.DataFrame(
        {
            "label": [labels[i] for i in worst_first],
            "mean": [means[i] for i in worst_first],
            "y": [top + _ROW_PX * (rows[i] + 0.5) for i in worst_first],
            "left": [place < n_left for place in range(len(worst_first))],
        }
    )
    spans = [
        {"low": min(means[i] for i in group), "high": max(means[i] for i in group),
         "y": _BAR_PX * (level + 1)}
        for level, group in enumerate(found.groups)
    ]  # fmt: skip
    members = [
        {"label": labels[i], "mean": means[i], "y": _BAR_PX * (level + 1)}
        for level, group in enumerate(found.groups)
        for i in group
    ]
    measure = quantity(metric)
    height = top + _ROW_PX * (max(rows.values()) + 1)
    x, y = _across(measure, "mean", higher_is_better), _down(height)
    layers = _stems(drawn, measure, x, y)
    if spans:
        bars = alt.Chart(inline(pd.DataFrame(spans)))
        dots = alt.Chart(inline(pd.DataFrame(members)))
        low = _across(measure, "low", higher_is_better)
        layers += [
            bars.mark_rule(style=["plain", "interval"]).encode(x=low, x2="high:Q", y=y),
            dots.mark_point(style=["plain", "mean"], size=34).encode(x=x, y=y),
        ]
    groups = [[labels[i] for i in group] for group in found.groups]
    joined = {
        label: "; ".join(", ".join(group) for group in groups if label in group) for label in labels
    }
    keep = [c for c in ("key", by, "seed", "status", metric) if c in frame]
    summary = pd.DataFrame({by: arms, "mean": means, "joined": [joined[one] for one in labels]})
    return Figure(
        name,
        title,
        alt.layer(*layers).properties(width=WIDTH_PX - 2 * _SIDE_PX, height=height),
        join_texts(caption, _explanation(found), _left_out([labels[i] for i in found.failed])),
        frame[keep].merge(summary, on=by, how="left"),
    )


def _by_seed(frame: pd.DataFrame, by: str, metric: str, arms: list[Any]) -> pd.DataFrame:
    """The metric as (arms, seeds) over the seeds that every arm ran; NaN where a run failed."""
    twice = frame.duplicated([by, "seed"])
    if twice.any():
        row = frame[twice].iloc[0]
        raise ConfigError(
            f"{by}={row[by]} and seed {row['seed']}: expected one run; got several "
            "(keep each run's last epoch, and one setting of the other factors)"
        )
    seeds = set.intersection(*(set(frame.loc[frame[by] == arm, "seed"]) for arm in arms))
    if not seeds:
        raise ConfigError(f"{by}: expected arms that share seeds; these share none")
    kept = frame[frame["seed"].isin(seeds)]
    return kept.pivot(index=by, columns="seed", values=metric).loc[arms]


def _across(measure: Quantity, field: str, higher_is_better: bool) -> alt.X:
    import altair as alt

    return alt.X(
        f"{field}:Q",
        title=measure.name,
        scale=alt.Scale(zero=False, nice=False, padding=14, reverse=not higher_is_better),
        axis=alt.Axis(format=measure.axis_format, orient="top", tickCount=6, domain=True),
    )


def _down(height: int) -> alt.Y:
    """Pixels below the axis."""
    import altair as alt

    return alt.Y("y:Q", title=None, axis=None, scale=alt.Scale(domain=[height, 0], nice=False))


def _stems(drawn: pd.DataFrame, measure: Quantity, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """From each arm's place on the axis down and out to its name."""
    import altair as alt

    tooltip = [
        alt.Tooltip("label:N", title="arm"),
        alt.Tooltip("mean:Q", title="mean", format=measure.number_format),
    ]
    base = alt.Chart(inline(drawn.assign(axis=0)))
    left = base.transform_filter("datum.left")
    right = base.transform_filter("!datum.left")
    far, word = alt.value("width"), {"text": "label:N", "tooltip": tooltip}
    return [
        base.mark_rule(style="zero").encode(x=x, y=y, y2="axis:Q"),
        left.mark_rule(style="zero").encode(x=x, x2=alt.value(0), y=y),
        right.mark_rule(style="zero").encode(x=x, x2=far, y=y),
        left.mark_text(style="row-label", align="right", baseline="middle", dx=-8).encode(
            x=alt.value(0), y=y, **word
        ),
        right.mark_text(style="row-label", align="left", baseline="middle", dx=8).encode(
            x=far, y=y, **word
        ),
    ]


def _explanation(found: Pairs) -> Text:
    from mlplab.stats import MIN_SEEDS

    if found.n_seeds < MIN_SEEDS:
        return {
            "en": f"Means over {found.n_seeds} seeds; with fewer than {MIN_SEEDS} no two arms are "
            "told apart.",
            "zh": f"{found.n_seeds} 个种子的均值；种子少于 {MIN_SEEDS} 个时不区分任何两组。",
        }
    per_cent = f"{100 * found.level:.4g} %"
    en = (
        f"Means over {found.n_seeds} seeds. Two arms are told apart if the paired t-interval of "
        f"their difference leaves out 0, at {per_cent} for each of {found.n_pairs} pairs "
        "(5 % shared). "
    )
    zh = (
        f"{found.n_seeds} 个种子的均值。若两组之差的配对 t 区间不含 0，则视为可区分；共 "
        f"{found.n_pairs} 对，每对的水平为 {per_cent}（合计 5 %）。"
    )
    if not found.groups:
        return {"en": en + "Here every two are.", "zh": zh + "此处任意两组均可区分。"}
    return {
        "en": en + "A bar joins the arms dotted on it, of which no two are told apart; that does "
        "not prove them equal.",
        "zh": zh + "横线连接其上带点的各组，其中任意两组不可区分；这并不证明它们相等。",
    }


def _left_out(labels: list[str]) -> Text:
    if not labels:
        return ""
    return {
        "en": f"Not drawn, because a run failed: {', '.join(labels)}.",
        "zh": f"因有运行失败而未画出：{'、'.join(labels)}。",
    }
