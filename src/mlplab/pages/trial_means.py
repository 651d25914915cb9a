"""The section on the factors of a search: what its trials scored by each factor's values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure, factor_name, quantity, trials_by_factor
from mlplab.draw.words import LANGUAGES, translate, writer
from mlplab.pages.report import ReportTable, Section
from mlplab.pages.wording import UI, Both, say, texts
from mlplab.search import Range, SearchResult
from mlplab.search.marginal import longest_trials

if TYPE_CHECKING:
    import pandas as pd

_MOST_FIGURES = 8
_DRAWN_AT_RANDOM = ("grid", "random")
_COLUMNS_ZH = {
    "factor": "因素",
    "value": "取值",
    "from": "从",
    "to": "到",
    "mean": "均值",
    "low": "下限",
    "high": "上限",
    "trials": "试验数",
    "failed": "失败",
}


def show_trial_means(
    result: SearchResult,
) -> tuple[list[Figure], dict[str, ReportTable], Section]:
    """Return the figures, the table by the name of its file, and the section that holds them."""
    means = result.marginal_means()
    trials = result.frame().iloc[longest_trials(result.trials, result.space)]
    name = quantity(result.metric).name
    random = result.strategy in _DRAWN_AT_RANDOM
    sample = say("sample-random" if random else "sample-adaptive", strategy=result.strategy)
    told = {
        one: say(
            "trial-means-text", metric=translate(name, one), n=len(trials), sample=sample[one]
        )[one]
        for one in LANGUAGES
    }
    figures = [_figure(result, trials, means, path) for path in _varied(means)[:_MOST_FIGURES]]
    paths = list(result.space.factors)
    words = _COLUMNS_ZH | {factor_name(path): translate(factor_name(path), "zh") for path in paths}
    named = means.assign(factor=[factor_name(path) for path in means["factor"]])
    table = ReportTable(say("trial-means-table"), named, {"zh": words})
    names = [figure.name for figure in figures]
    return (
        figures,
        {"trial-means": table},
        Section("trial-means", UI["trial-means"], told, [*names, "trial-means"]),
    )


def _varied(means: pd.DataFrame) -> list[str]:
    """The factors that the trials took at several values, or over several ranges."""
    counts = means["factor"].value_counts(sort=False)
    return [str(path) for path in counts.index[counts > 1]]


def _figure(result: SearchResult, trials: pd.DataFrame, means: pd.DataFrame, path: str) -> Figure:
    mine = means[means["factor"] == path]
    levels = result.space.factors[path]
    numbers = [v for v in [*mine["value"], *mine["to"]] if v is not None]
    if isinstance(levels, Range):
        log = levels.log
    else:
        log = all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers) and (
            min(numbers) > 0 and max(numbers) >= 20 * min(numbers)
        )
    ranges = bool(mine["from"].notna().all())
    adaptive = result.strategy not in _DRAWN_AT_RANDOM
    group = texts("range", "区段") if ranges else texts("value", "取值")
    more = texts(", and the trials are no random sample", "，且试验并非随机样本")
    caption = {
        one: say("trial-means-caption", group=group[one], adaptive=more[one] if adaptive else "")[
            one
        ]
        for one in LANGUAGES
    }
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")
    return trials_by_factor(
        trials,
        mine,
        path,
        result.metric,
        title=_title(result, mine, path),
        caption=caption,
        log=log,
        name=f"trials-{slug}",
    )


def _title(result: SearchResult, means: pd.DataFrame, path: str) -> Both:
    """Which groups of trials scored best and worst on average, if their intervals lie apart."""
    name, name_zh = (translate(factor_name(path), one) for one in LANGUAGES)
    known = means[means["mean"].notna()].sort_values("mean", ascending=result.higher_is_better)
    if len(known) < 2:
        return texts(f"Trials by {name}", f"各试验的{name_zh}")
    worst, best = known.iloc[0], known.iloc[-1]
    share = quantity(result.metric).share
    low, high = (_number(one["mean"], share) for one in (worst, best))
    if not (best["low"] > worst["high"] or best["high"] < worst["low"]):
        return texts(
            f"Means of the trials by {name} are {low} to {high}, and their intervals overlap",
            f"按{name_zh}划分的试验均值为 {low} 至 {high}，其区间相互重叠",
        )
    write = writer(means["value"])
    (bad, bad_zh), (good, good_zh) = _group(worst, write), _group(best, write)
    return texts(
        f"Trials with {name} {good} scored {high} on average, those with {bad} {low}",
        f"{name_zh}为 {good_zh} 的试验平均得 {high}，为 {bad_zh} 的得 {low}",
    )


def _group(row: pd.Series[Any], write: Any) -> tuple[str, str]:
    if row["from"] is None:
        return write(row["value"]), write(row["value"])
    low, high = f"{row['from']:.3g}", f"{row['to']:.3g}"
    return f"{low} to {high}", f"{low} 至 {high}"


def _number(value: float, share: bool) -> str:
    return f"{value:.1%}" if share else f"{value:.4g}"
