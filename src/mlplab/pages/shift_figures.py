"""Figures on a detection of shift: scores of both samples, and sizes of the columns' shifts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mlplab.draw import Figure, Text, in_language, interval_rows, sample_histograms
from mlplab.draw.words import LANGUAGES

if TYPE_CHECKING:
    from mlplab.shift import Detection

_MOST_COLUMNS = 20


def scores_figure(found: Detection, first: Text, second: Text) -> Figure:
    """Draw the scores that networks gave to the rows of each sample without having seen them."""
    import pandas as pd

    auc, (low, high) = found.matters.size, found.matters.interval
    shown = f"AUC {auc:.3f} [{low:.3f}, {high:.3f}]"
    old, new = ({one: in_language(name, one) for one in LANGUAGES} for name in (first, second))
    if old["en"] == new["en"]:
        # What is drawn has two names, even where the files have one.
        old, new = ({one: f"{names[one]} ({letter})" for one in LANGUAGES}
                    for names, letter in ((old, "A"), (new, "B")))  # fmt: skip
    samples = dict(zip((old["en"], new["en"]), found.scores, strict=True))
    data = pd.concat(
        [
            pd.DataFrame({"sample": name, "row": rows, "score": scores})
            for rows, (name, scores) in zip(found.scored, samples.items(), strict=True)
        ],
        ignore_index=True,
    )
    can, can_zh = "do not surely tell", "不能确定地区分"
    if low > 0.5 and found.shifted.verdict == "supported":
        can, can_zh = "tell", "能区分"
    odds, share = "log odds of being from the second sample", "share of the sample's rows"
    sizes = [f"{len(scores):,}" for scores in found.scores]
    return sample_histograms(
        samples,
        title={
            "en": f"Networks {can} {new['en']} from {old['en']}: {shown}",
            "zh": f"网络{can_zh}{_apart(new['zh'])}与{_apart(old['zh'])}：{shown}",
        },
        x_title=odds,
        y_title=share,
        caption={
            "en": f"Each of {sizes[0]} and {sizes[1]} rows is scored by networks that did not see "
            "it. Where nothing tells the samples apart, both curves agree. Rows far out are in the "
            "outermost bins.",
            "zh": f"{sizes[0]} 行与 {sizes[1]} 行各由未见过它的网络打分。分不开时两条曲线重合。"
            "极端的行归入最外侧的区间。",
        },
        name="scores",
        words={
            odds: "属于第二个样本的对数几率",
            share: "占该样本行数的比例",
            old["en"]: old["zh"],
            new["en"]: new["zh"],
        },
        data=data,
    )


def _apart(name: str) -> str:
    """Return a name with blanks around Latin letters, as Chinese text has them."""
    return f" {name} " if name.isascii() else name


def columns_figure(found: Detection) -> Figure:
    """Draw by how much each column differs, the smallest p-value first."""
    import pandas as pd

    columns = found.columns
    n_seen = len(found.seen_columns)
    top = columns[0]
    if n_seen:
        title = {
            "en": f"{n_seen} of {len(columns)} columns differ; {top.name} shows it most, size "
            f"{top.size:.2g}",
            "zh": f"{len(columns)} 列中有 {n_seen} 列有差别；{top.name} 最明显，"
            f"大小 {top.size:.2g}",
        }
    else:
        title = {
            "en": f"None of {len(columns)} columns is seen to differ alone",
            "zh": f"单独看，{len(columns)} 列都看不出差别",
        }
    frame = pd.DataFrame(
        {
            "column": [shift.name for shift in columns],
            "mean": [shift.size for shift in columns],
            "low": math.nan,
            "high": math.nan,
            "p": [shift.p for shift in columns],
        }
    )
    size = "size of the shift, from 0 to 1"
    most: dict[str, str] = {"en": "", "zh": ""}
    if len(columns) > _MOST_COLUMNS:
        most = {
            "en": f" The first {_MOST_COLUMNS} of {len(columns)} are drawn.",
            "zh": f"画出 {len(columns)} 列中的前 {_MOST_COLUMNS} 列。",
        }
    return interval_rows(
        frame.head(_MOST_COLUMNS)[["column", "mean", "low", "high"]],
        "column",
        title=title,
        x_title=size,
        caption={
            "en": "The largest difference of distribution functions for numbers, the total "
            "variation for levels and gaps; the smallest p-value first. A column counts as seen to "
            f"differ where p, adjusted by Holm's method, is at most 0.05.{most['en']}",
            "zh": "数值为分布函数之差的最大值，类别与缺失为总变差；p 值最小的在前。"
            f"按 Holm 方法校正后 p 不超过 0.05 即视为看出差别。{most['zh']}",
        },
        name="column-sizes",
        words={size: "差别大小（0 到 1）", "column": "列", "mean": "大小", "size": "大小"},
        y_title="column",
        data=frame.rename(columns={"mean": "size"}).drop(columns=["low", "high"]),
    )
