"""Paired differences: one dot per seed, the interval that decides, and the zone of +-d."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.rows import check_columns, inline
from mlplab.draw.words import (
    UNITS,
    UNTITLED,
    VERDICT_SYMBOLS,
    Text,
    join_texts,
    quantity,
    verdict_word,
)
from mlplab.errors import ConfigError
from mlplab.specs import Verdict

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_ROW_PX = 88
_BREAK = "that"  # a long verdict goes on in a second line, from here
# Its multiples, modulo 1, spread evenly however many there are: dots are jittered without chance.
_GOLDEN = 0.6180339887


def paired_differences(
    differences: pd.DataFrame,
    verdicts: Sequence[Verdict],
    *,
    title: Text = UNTITLED,
    labels: Mapping[str, str] | None = None,
    caption: Text = "",
    name: str = "paired-differences",
    unit: Literal["seed", "fold"] = "seed",
) -> Figure:
    """Draw the difference of every seed or fold, one row per claim, with its verdict.

    The interval, d and the word are those of the verdict; nothing is computed anew.

    Args:
        differences: columns claim (a verdict's id), seed, difference, as `Runs.pairs` returns.
        verdicts: one row each, from the top, or one for each link of a chain; all about metrics of
            one kind.
        title: the finding.
        labels: verdict id -> short name of its row (default: what it says).
        caption: the words before the explanation of the marks.
        name: of the figure's files.
        unit: what the column `seed` numbers, and the figure then speaks of.

    Raises:
        ConfigError: a claim without a verdict, or no verdict.
    """
    import altair as alt
    import pandas as pd

    check_columns(differences, "claim", "seed", "difference")
    verdicts = [link for verdict in verdicts for link in verdict.parts or (verdict,)]
    known = [verdict.id for verdict in verdicts]
    strange = sorted(set(differences["claim"]) - set(known))
    if strange or not known:
        raise ConfigError(f"differences: expected claims among {known}; got {strange or 'none'}")
    measure = quantity(verdicts[0].metric)
    k = measure.factor
    names = dict(labels or {})
    rows = [_row(i, verdict, names, k) for i, verdict in enumerate(verdicts)]
    dots = pd.concat(
        [_spread(differences[differences["claim"] == key], i, k) for i, key in enumerate(known)]
    )
    table = pd.DataFrame(rows)
    place = alt.Scale(domain=[-0.5, len(rows) - 0.5], reverse=True, nice=False, zero=False)

    def y_of(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=place, axis=None)

    x_scale = alt.Scale(zero=True, nice=False, padding=14)
    x_axis = alt.Axis(format=".6~g", tickCount=7)

    def x_of(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=measure.difference, scale=x_scale, axis=x_axis)

    base = alt.Chart(inline(table))
    zones = base.transform_filter("isValid(datum.matters)")
    found = base.transform_filter("isValid(datum.low)")
    tooltip = [
        alt.Tooltip("says:N", title="claim"),
        alt.Tooltip("effect:Q", title="mean", format="+.3~f"),
        alt.Tooltip("low:Q", title="low", format="+.3~f"),
        alt.Tooltip("high:Q", title="high", format="+.3~f"),
        alt.Tooltip("n_seeds:Q", title=f"{unit}s"),
    ]
    layers: list[alt.Chart] = [
        zones.mark_rect(style="zone").encode(
            x=x_of("zone_low"), x2="zone_high:Q", y=y_of("top"), y2="bottom:Q"
        ),
        base.mark_rule(style="zero").encode(x=x_of("zero"), y=y_of("top"), y2="bottom:Q"),
        alt.Chart(inline(dots))
        .mark_point(style=["plain", "seed"], size=34)
        .encode(
            x=x_of("value"),
            y=y_of("y"),
            tooltip=[
                alt.Tooltip("seed:N", title=unit),
                alt.Tooltip("value:Q", title=measure.difference, format="+.3~f"),
            ],
        ),
    ]
    for word in dict.fromkeys(row["verdict"] for row in rows):
        mine = f"datum.verdict === '{word}'"
        layers += [
            found.transform_filter(mine)
            .mark_rule(style=[f"mark-{word}", "interval"], strokeWidth=4)
            .encode(x=x_of("low"), x2="high:Q", y=y_of("line"), tooltip=tooltip),
            base.transform_filter(f"{mine} && isValid(datum.effect)")
            .mark_point(style=[f"mark-{word}", "mean"], shape="diamond", size=150)
            .encode(x=x_of("effect"), y=y_of("line"), tooltip=tooltip),
            base.transform_filter(mine)
            .transform_calculate(
                shown=f"datum.symbol + '\u2002' + replace(datum.word, ' {_BREAK}', '\\n{_BREAK}')"
            )
            .mark_text(
                style=f"verdict-{word}",
                align="right",
                baseline="middle",
                dy={"expr": "indexof(datum.shown, '\\n') < 0 ? 0 : -7"},
                lineBreak="\n",
                lineHeight=14,
            )
            .encode(x=alt.value("width"), y=y_of("head"), text="shown:N"),
        ]
    longest = max(len(line) for row in rows for line in row["word"].split(f" {_BREAK}"))
    room = 20 + 7 * longest  # for a verdict's symbol and word
    layers.append(
        base.mark_text(
            style="row-label", align="left", baseline="middle", limit={"expr": f"width - {room}"}
        ).encode(x=alt.value(0), y=y_of("head"), text="label:N")
    )
    chart = alt.layer(*layers).properties(width=WIDTH_PX, height=_ROW_PX * len(rows))
    data = differences.merge(_table(verdicts), on="claim", how="left")
    data = data.rename(columns={"seed": unit, "n_seeds": f"n_{unit}s"})
    caption = join_texts(caption, _explanation(verdicts, unit))
    words = {verdict.says: verdict.words("zh") for verdict in verdicts}
    return Figure(name, title, chart, caption, data, words)


def _row(place: int, verdict: Verdict, labels: Mapping[str, str], k: float) -> dict[str, Any]:
    low, high = verdict.interval or (None, None)
    d = verdict.matters

    def shown(value: float | None) -> float | None:
        return None if value is None else value * k

    return {
        "label": labels.get(verdict.id, verdict.says),
        "says": verdict.says,
        "verdict": verdict.verdict,
        "word": _word(verdict),
        "symbol": VERDICT_SYMBOLS[verdict.verdict],
        "zero": 0,
        "head": place - 0.34,
        "top": place - 0.18,
        "line": place + 0.27,
        "bottom": place + 0.42,
        "effect": shown(verdict.effect),
        "low": shown(low),
        "high": shown(high),
        "matters": shown(d),
        "zone_low": None if d is None else -d * k,
        "zone_high": shown(d),
        "n_seeds": verdict.n_seeds,
    }


def _spread(part: pd.DataFrame, place: int, k: float) -> pd.DataFrame:
    """Set the dots of one row side by side, in an order that looks even at any number."""
    ranks = part["difference"].rank(method="first")
    return part.assign(
        value=part["difference"] * k, y=place + 0.03 + 0.2 * ((ranks * _GOLDEN) % 1 - 0.5)
    )[["seed", "value", "y"]]


def _table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    import pandas as pd

    bounds = [verdict.interval or (None, None) for verdict in verdicts]
    return pd.DataFrame(
        {
            "claim": [verdict.id for verdict in verdicts],
            "says": [verdict.says for verdict in verdicts],
            "verdict": [_word(verdict) for verdict in verdicts],
            "mean": [verdict.effect for verdict in verdicts],
            "low": [low for low, _ in bounds],
            "high": [high for _, high in bounds],
            "level": [verdict.level for verdict in verdicts],
            "matters": [verdict.matters for verdict in verdicts],
            "n_seeds": [verdict.n_seeds for verdict in verdicts],
        }
    )


def _word(verdict: Verdict) -> str:
    return verdict_word(verdict.verdict, verdict.details.get("expect"))["en"]


def _explanation(verdicts: Sequence[Verdict], unit: str) -> Text:
    levels = sorted({round(100 * v.level, 2) for v in verdicts if v.level is not None})
    shown = " / ".join(f"{level:g} %" for level in levels)
    one = UNITS[unit]
    return {
        "en": f"Each dot is {one['en']}; the bar is the {shown} interval of their mean (diamond), "
        "and the shaded zone holds differences too small to matter.",
        "zh": f"每个点是{one['zh']}；横条是均值（菱形）的 {shown} 区间；阴影内的差小到无关紧要。",
    }
