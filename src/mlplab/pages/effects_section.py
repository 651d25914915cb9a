"""The section on the effects of the factors, on the page of a full grid."""

from __future__ import annotations

from dataclasses import dataclass

from mlplab.draw import Figure, Text, factor_name, interaction_plot, main_effects, quantity
from mlplab.draw.words import LANGUAGES, join_texts, translate, verdict_word, writer
from mlplab.errors import ConfigError
from mlplab.experiment import Effect, Effects, Runs
from mlplab.pages.report import ReportTable, Section
from mlplab.pages.wording import UI, Both, say, texts
from mlplab.specs import Difference, Interaction, holds_out

_MOST_ROWS = 40
"""Levels of all factors together that one figure shows."""
_MOST_LINES = 8
_SAYS_ZH = {
    "an effect": "有效应",
    "no effect that matters": "无有意义的效应",
    "additive": "可相加",
    "not additive": "不可相加",
    "undecided": verdict_word("undecided")["zh"],
    "no verdict": verdict_word("none")["zh"],
}
_COLUMNS_ZH = {
    "factors": "因素",
    "largest difference": "最大的差",
    "effect": "效应",
    "low": "下限",
    "high": "上限",
    "verdict": "结论",
}


@dataclass(frozen=True, eq=False, slots=True)
class EffectsShown:
    """The figures, the table, by the name of its file, and the section that holds them."""

    figures: list[Figure]
    tables: dict[str, ReportTable]
    section: Section


def show_effects(runs: Runs, metric: str, matters: float | None = None) -> EffectsShown | None:
    """Show the effects on a metric, if the runs are a full grid of two factors or more.

    Args:
        runs: of an experiment.
        metric: that they recorded.
        matters: the smallest effect that matters (default: what the claims about the metric say).
    """
    if any(holds_out(arm.run.rows) for arm in runs.arms):
        # Folds are no factor that anyone chooses: see `Runs.cross_validated`.
        return None
    claimed = {
        claim.matters
        for claim in runs.experiment.claims
        if isinstance(claim, Difference | Interaction) and claim.metric == metric
    }
    sizes = claimed if matters is None else {matters}
    try:
        found = runs.effects(metric, *(sizes if len(sizes) == 1 else ()))
    except ConfigError:
        # No full grid, or too few copies of it: the page has the arms one by one.
        return None
    if len(found.factors) < 2 or sum(map(len, found.factors.values())) > _MOST_ROWS:
        return None
    level = f"{100 * found.found.level:.4g} %"
    told: Text = say(
        "effects-text",
        seeds=len(found.seeds),
        n=found.found.n_intervals,
        level=level,
        d=f"{100 * found.matters:.3g} pp" if quantity(metric).share else f"{found.matters:.3g}",
    )
    if found.dropped:
        seeds = ", ".join(map(str, found.dropped))
        told = join_texts(told, say("effects-dropped", seeds=seeds))
    alone = main_effects(
        found.frame(),
        metric,
        title=_main_title(found),
        caption=say("effects-caption", n=found.found.n_intervals, level=level),
    )
    together = _interaction(runs, found)
    figures = [alone] if together is None else [alone, together]
    names = [figure.name for figure in figures]
    section = Section("effects", UI["effects"], told, [*names, "effects"])
    return EffectsShown(figures, {"effects": _table(found)}, section)


def _main_title(found: Effects) -> Both:
    alone = [one for one in found.largest if len(one.factors) == 1]
    there = [one for one in alone if one.verdict == "supported"]
    en, zh = _metric(found)
    if there:
        most = max(there, key=lambda one: one.mean)
        ((level, baseline),) = most.levels
        write = writer(found.factors[most.factors[0]])
        name, size = _name(most.factors[0]), _amount(found, most.mean)
        return texts(
            f"{_capital(name['en'])} moves {en} most: {size['en']} between {write(baseline)} "
            f"and {write(level)}",
            f"{name['zh']}对{zh}的影响最大：{write(baseline)} 与 {write(level)} 之间相差"
            f" {size['zh']}",
        )
    if {one.verdict for one in alone} == {"equivalent"}:
        return texts(f"No factor moves {en} by what matters", f"没有因素对{zh}有有意义的影响")
    if {one.verdict for one in alone} == {"none"}:
        return texts(f"Each level's effect on {en}", f"各水平对{zh}的效应")
    return texts(f"Whether any factor moves {en} is undecided", f"是否有因素影响{zh}尚未定")


def _interaction(runs: Runs, found: Effects) -> Figure | None:
    """The two factors that interact most, one along the axis and one as lines, if these are few."""
    pairs = [one for one in found.largest if len(one.factors) == 2]
    most = max(pairs, key=lambda one: (one.verdict == "supported", one.mean))
    # Long rows along the axis, numbers before words: few lines that have an order to follow.
    lines, axis = sorted(most.factors, key=lambda path: (_numeric(found, path), _n(found, path)))
    if _n(found, lines) > _MOST_LINES:
        return None
    values = found.factors[axis]
    log = _numeric(found, axis) and min(values) > 0 and max(values) >= 20 * min(values)
    last = runs.frame(last=True)
    return interaction_plot(
        last[last["seed"].isin(found.seeds)],
        axis,
        lines,
        found.metric,
        title=_interaction_title(found, most, axis, lines),
        log=log,
    )


def _interaction_title(found: Effects, most: Effect, axis: str, lines: str) -> Both:
    (metric, metric_zh), a, b = _metric(found), _name(axis), _name(lines)
    match most.verdict:
        case "supported":
            size = _amount(found, most.mean)
            return texts(
                f"What {a['en']} does to {metric} depends on {b['en']}: by up to {size['en']}",
                f"{a['zh']}对{metric_zh}的影响取决于{b['zh']}：相差可达 {size['zh']}",
            )
        case "equivalent":
            return texts(
                f"{_capital(a['en'])} and {b['en']} add up: no interaction that matters",
                f"{a['zh']}与{b['zh']}可相加：无有意义的交互作用",
            )
        case "undecided":
            return texts(
                f"Whether {a['en']} and {b['en']} add up is undecided",
                f"{a['zh']}与{b['zh']}是否可相加尚未定",
            )
        case _:
            return texts(
                f"{_capital(metric)} by {a['en']} at each level of {b['en']}",
                f"{b['zh']}各水平下{metric_zh}随{a['zh']}的变化",
            )


def _table(found: Effects) -> ReportTable:
    import pandas as pd

    write = {path: writer(levels) for path, levels in found.factors.items()}
    rows = []
    for one in found.largest:
        steps = [
            f"{write[path](level)} − {write[path](baseline)}"
            for path, (level, baseline) in zip(one.factors, one.levels, strict=True)
        ]
        low, high = one.interval
        name = " × ".join(map(factor_name, one.factors))
        step = steps[0] if len(steps) == 1 else " × ".join(f"({step})" for step in steps)
        rows.append((name, step, one.mean, low, high, one.says))
    return ReportTable(
        say("effects-table"), pd.DataFrame(rows, columns=list(_COLUMNS_ZH)),
        {"zh": _COLUMNS_ZH | _SAYS_ZH},
    )  # fmt: skip


def _metric(found: Effects) -> tuple[str, str]:
    name = quantity(found.metric).name
    return name, translate(name, "zh")


def _name(path: str) -> Both:
    return {one: translate(factor_name(path), one) for one in LANGUAGES}


def _amount(found: Effects, size: float) -> Both:
    """A difference as a sentence has it: shares in percentage points."""
    if not quantity(found.metric).share:
        return texts(f"{size:.3g}", f"{size:.3g}")
    return texts(f"{100 * size:.3g} points", f"{100 * size:.3g} 个百分点")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _n(found: Effects, path: str) -> int:
    return len(found.factors[path])


def _numeric(found: Effects, path: str) -> bool:
    levels = found.factors[path]
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in levels)
