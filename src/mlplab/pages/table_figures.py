"""Figures on a table model: folds, residuals, classes, importance and gaps; titles say findings."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from mlplab.draw import (
    Figure,
    Quantity,
    Text,
    calibration_chart,
    confusion_grid,
    estimate_histogram,
    gap_map,
    in_language,
    interval_rows,
    scatter,
)
from mlplab.draw.words import join_texts
from mlplab.pages.table_numbers import loss_name, number_text, score_name, share_text

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular import Explanation

# More would hide one another and weigh on the page; the worst rows are always among them.
_MOST_POINTS = 2000
_MOST_IMPORTANT, _MOST_GAPS, _MOST_CLASSES = 20, 30, 25
_MIDDLE = (5.0, 95.0)  # nine of ten, as the title says


def model_figures(found: Explanation) -> dict[str, list[Figure]]:
    """Return the figures of each section of the page, by the section's key."""
    gaps = [gaps_figure(found)] if len(found.gap_map) else []
    return {
        "score": [folds_figure(found)],
        "errors": error_figures(found),
        "importance": [importance_figure(found)] if len(found.importance) else [],
        "gaps": gaps,
    }


def folds_figure(found: Explanation) -> Figure:
    """Draw the score of all rows with its interval, and that of each fold."""
    import pandas as pd

    cv, metric = found.model.cv, found.model.metric
    folds = [float(one) for one in cv.folds]
    frame = pd.DataFrame(
        {
            "rows": ["all rows", *(f"fold {k + 1}" for k in range(len(folds)))],
            "mean": [cv.score, *folds],
            "low": [cv.interval[0], *([math.nan] * len(folds))],
            "high": [cv.interval[1], *([math.nan] * len(folds))],
        }
    )
    low, high = number_text(min(folds)), number_text(max(folds))
    whole = number_text(cv.score)
    return interval_rows(
        frame,
        "rows",
        title={
            "en": f"{len(folds)} folds score {low} to {high}; all rows together {whole}",
            "zh": f"{len(folds)} 折的得分在 {low} 到 {high} 之间；全部行合计 {whole}",
        },
        x_title=score_name(metric),
        zero=False,
        caption={
            "en": "Each row is predicted by models that were not trained on it, mixed by weights "
            "chosen without its fold. The bar is the 95 % interval for other rows of the same "
            "kind, from the spread of the losses over rows.",
            "zh": "每一行都由未用它训练的模型预测，混合权重也不用该折选出。横条为同类数据的 "
            "95 % 区间，由各行损失的离散程度得出。",
        },
        name="folds",
        words={
            score_name(metric): score_name(metric, "zh"),
            "all rows": "全部行",
            **{f"fold {k + 1}": f"第 {k + 1} 折" for k in range(len(folds))},
        },
    )


def error_figures(found: Explanation) -> list[Figure]:
    """Draw residuals, or confusion and calibration."""
    if found.residuals is not None:
        return [_predicted_and_true(found, found.residuals), _residuals(found, found.residuals)]
    assert found.confusion is not None
    assert found.calibration is not None
    return [_confusion(found, found.confusion), _calibration(found, found.calibration)]


def _predicted_and_true(found: Explanation, residuals: pd.DataFrame) -> Figure:
    target, logarithmic = found.model.target, found.logarithmic
    half = float(residuals["residual"].abs().median())
    within = share_text(math.expm1(half)) if logarithmic else number_text(half)
    worst = set(found.worst["row"])
    shown = residuals
    if len(residuals) > _MOST_POINTS:
        rest = residuals[~residuals["row"].isin(worst)].sample(_MOST_POINTS, random_state=0)
        shown = residuals[residuals["row"].isin({*rest["row"], *worst})]
    shown = shown.assign(worst=shown["row"].isin(worst))
    some: Text = "" if len(shown) == len(residuals) else {
        "en": f"Of {len(residuals)} rows, {len(shown)} are drawn.",
        "zh": f"共 {len(residuals)} 行，画出 {len(shown)} 行。",
    }  # fmt: skip
    return scatter(
        shown[["row", "fold", "target", "predicted", "worst"]],
        "target",
        "predicted",
        title={
            "en": f"Half of the predictions are within {within} of the true {target}",
            "zh": f"一半的预测与真实的 {target} 相差不超过 {within}",
        },
        x_title=f"true {target}",
        y_title=f"predicted {target}",
        outline="worst",
        log=logarithmic,
        caption=join_texts(
            {
                "en": "One point per training row, predicted out of fold. On the dashed line both "
                f"agree; the {len(worst)} rows with the largest errors are circled.",
                "zh": "每点为一个训练行的折外预测。虚线上二者相等；"
                f"误差最大的 {len(worst)} 行加圈。",
            },
            some,
        ),
        name="predicted-and-true",
        words={f"true {target}": f"真实 {target}", f"predicted {target}": f"预测 {target}"},
        data=residuals,
    )


def _residuals(found: Explanation, residuals: pd.DataFrame) -> Figure:
    import numpy as np

    target, logarithmic = found.model.target, found.logarithmic
    numbers = residuals["residual"].to_numpy(float)
    low, high = (float(bound) for bound in np.percentile(numbers, _MIDDLE))
    ends = [
        ("+" if bound > 0 else "")
        + (share_text(math.expm1(bound)) if logarithmic else number_text(bound))
        for bound in (low, high)
    ]
    if logarithmic:
        en = f"Nine of ten predictions are off by {ends[0]} to {ends[1]} of the true {target}"
        zh = f"九成的预测与真实 {target} 相差 {ends[0]} 到 {ends[1]}"
        name = f"log(predicted {target}) - log(true {target})"
        zh_name = f"log(预测 {target}) - log(真实 {target})"
    else:
        en = f"Nine of ten residuals lie between {ends[0]} and {ends[1]}"
        zh = f"九成的残差在 {ends[0]} 到 {ends[1]} 之间"
        name, zh_name = f"predicted - true {target}", f"预测 - 真实 {target}"
    figure = estimate_histogram(
        numbers.tolist(),
        title={"en": en, "zh": zh},
        measure=Quantity(name, share=False),
        interval=(low, high),
        interval_says={
            "en": "Shaded: the middle 90 % of the rows.",
            "zh": "阴影：中间 90 % 的行。",
        },
        references={"0": 0.0},
        name="residuals",
    )
    return dataclasses.replace(figure, data=residuals, words={name: zh_name})


def _confusion(found: Explanation, confusion: pd.DataFrame) -> Figure:
    wrong = confusion[(confusion["true"] != confusion["predicted"]) & (confusion["n"] > 0)]
    n = int(confusion["n"].sum())
    right = n - int(wrong["n"].sum())
    en, zh = f"{right} of {n} rows are told rightly", f"{n} 行中有 {right} 行判对"
    if len(wrong):
        most = wrong.iloc[int(wrong["n"].to_numpy().argmax())]
        of_class = int(confusion.loc[confusion["true"] == most["true"], "n"].sum())
        en += (
            f"; most often {most['true']} is taken for {most['predicted']}, "
            f"{most['n']} of {of_class} times"
        )
        zh += f"；最常把 {most['true']} 误作 {most['predicted']}，{of_class} 次中有 {most['n']} 次"
    classes = _most_mistaken(confusion)
    n_classes = confusion["true"].nunique()
    drawn = confusion[confusion["true"].isin(classes) & confusion["predicted"].isin(classes)]
    some: Text = "" if len(classes) == n_classes else {
        "en": f"Of {n_classes} classes, the {len(classes)} that are mistaken most are drawn.",
        "zh": f"{n_classes} 个类别中，画出最常混淆的 {len(classes)} 个。",
    }  # fmt: skip
    figure = confusion_grid(
        drawn.reset_index(drop=True),
        title={"en": en, "zh": zh},
        caption=join_texts(
            {
                "en": "Counts of training rows, each predicted out of fold as the class with the "
                "highest probability.",
                "zh": "训练行的计数；每行在折外预测为概率最大的类别。",
            },
            some,
        ),
        words={
            "true class": "真实类别",
            "predicted class": "预测类别",
            "share of the true class": "占真实类别的比例",
            "rows": "行数",
        },
    )
    return dataclasses.replace(figure, data=confusion)


def _most_mistaken(confusion: pd.DataFrame) -> set[str]:
    """The classes that can be told apart in a figure: all, or those with the most mistakes."""
    names = list(dict.fromkeys(confusion["true"]))
    if len(names) <= _MOST_CLASSES:
        return set(names)
    wrong = confusion[confusion["true"] != confusion["predicted"]]
    counts = wrong.groupby("true")["n"].sum().add(wrong.groupby("predicted")["n"].sum())
    return set(counts.sort_values(ascending=False, kind="stable").index[:_MOST_CLASSES])


def _calibration(found: Explanation, calibration: pd.DataFrame) -> Figure:
    classes = found.model.classes
    agree = calibration["probability"].between(calibration["low"], calibration["high"])
    n, k = len(agree), int(agree.sum())
    if len(classes) == 2:
        of: dict[str, str] = {"en": f"of class {classes[1]}", "zh": f"类别 {classes[1]} 的"}
    else:
        of = {"en": "of the predicted class", "zh": "预测类别的"}
    return calibration_chart(
        calibration,
        title={
            "en": f"In {k} of {n} ranges the probability {of['en']} agrees with how often it came "
            "true",
            "zh": f"{n} 个区间中有 {k} 个，{of['zh']}概率与实际频率相符",
        },
        caption={
            "en": "Ranges of about equally many rows, out of fold. Bars: exact 95 % intervals of "
            "the share; a range agrees where its bar meets the dashed line.",
            "zh": "各区间行数大致相等，均为折外预测。竖条：比例的精确 95 % 区间；"
            "竖条碰到虚线即为相符。",
        },
        words={"probability given": "给出的概率", "share that came true": "实际比例"},
    )


def importance_figure(found: Explanation) -> Figure:
    """Draw by how much shuffling each column worsens the loss."""
    rises, metric = found.importance, found.model.metric
    top = rises.iloc[0]
    silent = int((rises["low"] <= 0).sum())
    n, rows, fewest = int(top["n_repeats"]), int(top["n_rows"]), int(rises["n_rows"].min())
    rise = number_text(float(top["rise"]), 3)
    name, name_zh = (f"rise of the {loss_name(metric)}", f"{loss_name(metric, 'zh')}的上升")
    part: Text = "" if rows == found.n_rows else {
        "en": f" on {rows} of {found.n_rows} rows{f', further down {fewest}' * (fewest < rows)}, "
        "for want of time",
        "zh": f"，限于时间只用 {found.n_rows} 行中的 {rows} 行"
        f"{f'，靠后的列 {fewest} 行' * (fewest < rows)}",
    }  # fmt: skip
    base = number_text(found.base)
    shown = rises.head(_MOST_IMPORTANT).rename(columns={"rise": "mean"})
    return interval_rows(
        shown[["column", "mean", "low", "high"]],
        "column",
        title={
            "en": f"Shuffling {top['column']} raises the {loss_name(metric)} most, by {rise}; of "
            f"{len(rises)} columns, {silent} do nothing that shows",
            "zh": f"打乱 {top['column']} 使{loss_name(metric, 'zh')}上升最多，{rise}；"
            f"{len(rises)} 列中有 {silent} 列看不出影响",
        },
        x_title=name,
        caption={
            "en": f"Points: mean of {n} shuffles{in_language(part)}; bars: 95 % t-interval over "
            f"shuffles; unshuffled, all rows have {base}. Rows are predicted by the models of the "
            "fold that held them out. Columns that tell the same share their importance. The "
            f"{len(shown)} most important of {len(rises)}.",
            "zh": f"点：{n} 次打乱的均值{in_language(part, 'zh')}；横条：各次打乱的 95 % t 区间。"
            f"不打乱时全部行为 {base}。各行由留出它的那一折的模型预测。内容相同的列会分摊重要性。"
            f"画出 {len(rises)} 列中最重要的 {len(shown)} 列。",
        },
        name="importance",
        words={name: name_zh, "column": "列"},
        y_title="column",
        data=rises,
    )


def gaps_figure(found: Explanation) -> Figure:
    """Draw where entries are missing in the training table."""
    gaps, where = found.gaps, found.gap_map
    names = list(dict.fromkeys(where["column"]))
    first = gaps[gaps["column"] == names[0]].iloc[0]
    shown = where[where["column"].isin(names[:_MOST_GAPS])]
    n_features = len(found.model.schema.features)
    share = share_text(float(first["share"]))
    return gap_map(
        shown,
        title={
            "en": f"{len(names)} of {n_features} columns have gaps; {names[0]} most, {share}",
            "zh": f"{n_features} 列中有 {len(names)} 列有缺失；{names[0]} 最多，{share}",
        },
        caption={
            "en": "Share of missing entries in blocks of rows, in the order of the file. Columns "
            "with one pattern are missing together, which has one cause."
            + (f" The {_MOST_GAPS} with most gaps are drawn." if len(names) > _MOST_GAPS else ""),
            "zh": "按文件顺序分块的缺失比例。形状相同的列同时缺失，原因相同。"
            + (f"画出缺失最多的 {_MOST_GAPS} 列。" if len(names) > _MOST_GAPS else ""),
        },
        words={"share missing": "缺失比例", "row": "行", "column": "列", "from row": "起始行"},
        data=where,
    )
