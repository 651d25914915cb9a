"""The page of anyone's runs: claims, learning curves, the arms, paired differences, the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure, Text, factor_name, quantity
from mlplab.draw.t_interval import T_BAND
from mlplab.draw.words import LANGUAGES, translate, writer
from mlplab.errors import ConfigError
from mlplab.experiment import ArmSummary, Runs
from mlplab.experiment.metrics import higher_is_better
from mlplab.experiment.source_code import source_code
from mlplab.experiment.torch_code import torch_code
from mlplab.hints import expected
from mlplab.pages.effects_section import show_effects
from mlplab.pages.report import Report, ReportTable, report_id
from mlplab.pages.run_facts import run_facts
from mlplab.pages.wording import say
from mlplab.specs import Difference
from mlplab.specs.paths import short_names

if TYPE_CHECKING:
    import pandas as pd

_MOST_CURVES = 8
"""Arms whose learning curves are drawn: more colours cannot be told apart."""
_PREFERRED = ("valid_accuracy", "valid_rmse", "valid_loss", "test_accuracy", "test_rmse",
              "test_loss", "train_accuracy", "train_rmse", "train_loss")  # fmt: skip
_MOST_ARMS = 40
_SPLITS = ("train", "valid", "test")


def experiment_report(
    runs: Runs,
    *,
    title: Text = "",
    metric: str | None = None,
    matters: float | None = None,
    command: str = "",
) -> Report:
    """Return the page of an experiment's runs; see `write_report.report`."""
    frame = runs.frame()
    chosen = _metric(frame, metric)
    labels = arm_labels(runs)
    frame["arm"] = [labels[label] for label in frame["arm"]]
    ranked = _ranked(runs, chosen, labels)
    figures = [
        figure
        for figure in (_curves(frame, chosen, ranked), _arms(runs, frame, chosen), _pairs(runs))
        if figure is not None
    ]
    effects = show_effects(runs, chosen, matters)
    factors = list(dict.fromkeys(path for arm in runs.arms for path in arm.factors))
    verdicts = runs.verdicts()
    return Report(
        id=report_id(runs.experiment.title, "runs"),
        slug=runs.experiment.data.name,
        kind="experiment",
        title=title or _title(runs, factors),
        question=say("asked", arms=len(runs.arms), seeds=len(runs.experiment.seeds), n=len(runs)),
        answer=_answer(ranked, chosen),
        verdicts=verdicts,
        figures=[*figures, *(effects.figures if effects else ())],
        tables={"arms": _table(runs, frame, labels), **(effects.tables if effects else {})},
        sections=[effects.section] if effects else [],
        code=source_code(runs.experiment),
        plain=_plain(runs, labels, ranked[0].arm),
        command=command or "python experiment.py",
        **run_facts({"": runs}),
        seconds=runs.seconds,
        n_runs=len(runs),
        n_from_store=runs.from_store,
    )


def _plain(runs: Runs, labels: Mapping[str, str], best: str) -> str:
    """Return one run of the best arm in plain PyTorch, the arm named where there are several."""
    arm = next(one for one in runs.arms if labels[one.label] == best)
    code = torch_code(arm.run, runs.experiment.data)
    return f"# {best}\n{code}" if code and len(runs.arms) > 1 else code


def _metric(frame: pd.DataFrame, metric: str | None) -> str:
    recorded = _recorded(frame)
    if metric is not None and metric not in recorded:
        raise ConfigError(f"metric: {expected(metric, recorded)}")
    return metric or recorded[0]


def _recorded(frame: pd.DataFrame) -> list[str]:
    """The metrics that the runs recorded, those that tell most first."""
    known = [name for name in frame.columns if name.partition("_")[0] in _SPLITS]
    return list(dict.fromkeys(name for name in (*_PREFERRED, *known) if name in known))


def arm_labels(runs: Runs) -> dict[str, str]:
    """Return each arm's label with as few digits as tell the arms apart."""
    paths = list(dict.fromkeys(path for arm in runs.arms for path in arm.factors))
    names = short_names(paths)
    write = {path: writer([arm.factors.get(path) for arm in runs.arms]) for path in paths}
    labels = {
        arm.label: " ".join(f"{names[p]}={write[p](value)}" for p, value in arm.factors.items())
        or arm.label
        for arm in runs.arms
    }
    return labels if len(set(labels.values())) == len(labels) else {one: one for one in labels}


def _ranked(runs: Runs, metric: str, labels: Mapping[str, str]) -> list[ArmSummary]:
    """The arms' means, the best first where better is known; failed arms last."""
    sign = -1.0 if higher_is_better(metric) else 1.0

    def place(one: ArmSummary) -> float:
        return sign * one.mean if one.mean == one.mean else float("inf")

    named = [replace(one, arm=labels[one.arm]) for one in runs.summary(metric)]
    return sorted(named, key=place)


def _title(runs: Runs, factors: Sequence[str]) -> Text:
    name = runs.experiment.data.name
    if not factors:
        return {"en": name, "zh": name}
    varied = [factor_name(path) for path in factors]
    return {
        "en": f"{name}: {', '.join(varied)}",
        "zh": f"{name}：{'、'.join(translate(one, 'zh') for one in varied)}",
    }


def _answer(ranked: Sequence[ArmSummary], metric: str) -> Text:
    """Name the best mean, and what it does not prove."""
    best = ranked[0]
    name = quantity(metric).name
    number, *ends = (_number(metric, value) for value in (best.mean, *(best.interval or ())))
    interval = f" [{', '.join(ends)}]" if ends else ""
    facts = {"best": best.arm, "mean": number + interval, "n": best.n_seeds}
    told = say("best-mean" if len(ranked) > 1 else "one-mean", **facts, metric="{metric}")
    return {one: text.replace("{metric}", translate(name, one)) for one, text in told.items()}


def _curves(frame: pd.DataFrame, metric: str, ranked: Sequence[ArmSummary]) -> Figure | None:
    from mlplab.draw import learning_curves

    per_epoch = frame.groupby("epoch")[_recorded(frame)].count().gt(0).sum()
    followed = [one for one in (metric, *_recorded(frame)) if per_epoch[one] > 1]
    if not followed:
        return None
    metric = followed[0]
    shown = [one.arm for one in ranked[:_MOST_CURVES]]
    name = quantity(metric).name
    last = frame.loc[frame.groupby("key", sort=False)["epoch"].idxmax()]
    ends = last.groupby("arm")[metric].mean().dropna()
    finding = say("over-epochs")
    if len(ends):
        up = higher_is_better(metric)
        reached = _number(metric, float(ends.max() if up else ends.min()))
        best = ends.idxmax() if up else ends.idxmin()
        finding = say("best-curve" if len(ranked) > 1 else "one-curve", best=best, reached=reached)
    shown_of = say("curves-shown", n=len(shown)) if len(ranked) > len(shown) else {}
    return learning_curves(
        frame[frame["arm"].isin(shown)],
        metric,
        by="arm",
        band=T_BAND,
        title={one: _head(name, one) + finding[one] + shown_of.get(one, "") for one in LANGUAGES},
    )


def _head(name: str, language: str) -> str:
    return f"{name[0].upper()}{name[1:]}" if language == "en" else translate(name, language)


def _number(metric: str, value: float) -> str:
    return f"{value:.2%}" if quantity(metric).share else f"{value:.4g}"


def _arms(runs: Runs, frame: pd.DataFrame, metric: str) -> Figure | None:
    """The arms with their intervals: along a factor where one was varied, else a row each."""
    from mlplab.draw import metric_by_factor

    factors = list(dict.fromkeys(path for arm in runs.arms for path in arm.factors))
    if len(runs.arms) < 2 or len(runs.arms) > _MOST_ARMS:
        return None
    last = frame.loc[frame.groupby("key", sort=False)["epoch"].idxmax()]
    name = quantity(metric).name
    by, series = "arm", None
    if len(factors) <= 2:
        levels = {path: last[path].nunique() for path in factors}
        by, *more = sorted(factors, key=lambda path: -levels[path])
        series = more[0] if more and levels[more[0]] <= _MOST_CURVES else None
        if more and series is None:
            by = "arm"
    values = set(last[by])
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    log = numbers and min(values) > 0 and max(values) >= 20 * min(values)
    means = last.groupby("arm")[metric].mean()
    least, most = (_number(metric, one) for one in (means.min(), means.max()))
    reached = say("arms-between", n=len(runs.arms), least=least, most=most)
    return metric_by_factor(
        last,
        by,
        metric,
        series=series,
        band=T_BAND,
        log=log,
        title={one: _head(name, one) + reached[one] for one in LANGUAGES},
        name="arms",
    )


def _pairs(runs: Runs) -> Figure | None:
    """The differences by seed that decide the claims of two arms, all in one unit."""
    from mlplab.draw import paired_differences

    judged = [
        (claim, verdict)
        for claim, verdict in zip(runs.experiment.claims, runs.verdicts(), strict=True)
        if isinstance(claim, Difference) and verdict.interval is not None
    ]
    judged = [pair for pair in judged if pair[0].metric == judged[0][0].metric]
    if not judged:
        return None
    return paired_differences(
        runs.pairs(*(claim for claim, _ in judged)),
        [verdict for _, verdict in judged],
        title=say("pairs", n=len(judged), m=sum(v.verdict == "supported" for _, v in judged)),
    )


def _table(runs: Runs, frame: pd.DataFrame, labels: Mapping[str, str]) -> ReportTable:
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {arm.label: {"arm": labels[arm.label]} for arm in runs.arms}
    for metric in _recorded(frame):
        name = quantity(metric).name
        for one in runs.summary(metric):
            low, high = one.interval or (None, None)
            rows[one.arm] |= {name: one.mean, f"{name}: low": low, f"{name}: high": high}
            rows[one.arm] |= {"seeds": one.n_seeds, "failed": one.n_failed}
    table = pd.DataFrame(list(rows.values()))
    words = {str(column): column_in_chinese(str(column)) for column in table.columns}
    return ReportTable(say("arms-table"), table, {"zh": words})


def column_in_chinese(column: str) -> str:
    """Return a column's head in Chinese: a metric, one end of its interval, or a factor."""
    name, _, end = column.partition(": ")
    if name == column:
        name = quantity(name).name if name.partition("_")[0] in _SPLITS else factor_name(name)
    return translate(name, "zh") + (f"：{translate(end, 'zh')}" if end else "")
