"""What pages say of a detection of shift, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlplab.draw.words import LANGUAGES
from mlplab.pages.numbers import decimals_for, p_text, signed
from mlplab.pages.table_numbers import estimate_text, share_text
from mlplab.pages.wording import Both, texts

if TYPE_CHECKING:
    from mlplab.shift import Detection, ShiftVerdict
    from mlplab.shift.detection.changes import ColumnChange

SHIFT: Mapping[str, Both] = {
    "verdicts": texts("Three verdicts", "三个结论"),
    "scores": texts("How well rows are told apart", "两个样本能分得多开"),
    "columns": texts("Where they differ", "差别在哪里"),
    "examples": texts("Rows that show it most", "最能显出差别的行"),
    "tested": texts("How it was tested", "如何检验"),
    "shifted": texts("do the samples differ?", "两个样本是否有差别？"),
    "matters": texts("by more than what matters?", "差别是否大到有意义？"),
    "harmful": texts("does a model's error rise?", "模型的误差是否上升？"),
    "shifted-supported": texts(
        "**They differ**: p = {p}, all tests together.", "**有差别**：全部检验合起来 p = {p}。"
    ),
    "shifted-undecided": texts(
        "**No difference was seen**: p = {p}, all tests together. That is no proof that there is "
        "none.",
        "**看不出差别**：全部检验合起来 p = {p}。这并不证明没有差别。",
    ),
    "matters-supported": texts(
        "**By more than what matters**: networks tell rows apart that they did not see with an AUC "
        "of {auc}, where 0.5 is guessing and what matters begins at {bar}.",
        "**差别大到有意义**：网络区分未见过的行，AUC 为 {auc}；0.5 相当于猜测，"
        "有意义的差别从 {bar} 算起。",
    ),
    "matters-refuted": texts(
        "**Not by more than what matters**: networks tell rows apart that they did not see with an "
        "AUC of {auc}, where 0.5 is guessing and what matters begins at {bar}.",
        "**差别没有大到有意义**：网络区分未见过的行，AUC 为 {auc}；0.5 相当于猜测，"
        "有意义的差别从 {bar} 算起。",
    ),
    "matters-undecided": texts(
        "**Whether by more than what matters is open**: networks tell rows apart that they did not "
        "see with an AUC of {auc}, where 0.5 is guessing and what matters begins at {bar}.",
        "**差别是否大到有意义尚未定**：网络区分未见过的行，AUC 为 {auc}；0.5 相当于猜测，"
        "有意义的差别从 {bar} 算起。",
    ),
    "errors-supported": texts(
        "**It harms**: a model's mean error rises by {rise} on the second sample.",
        "**有害**：模型在第二个样本上的平均误差变化 {rise}。",
    ),
    "errors-refuted": texts(
        "**It does not harm**: a model's mean error changes by {rise} on the second sample.",
        "**无害**：模型在第二个样本上的平均误差变化 {rise}。",
    ),
    "errors-undecided": texts(
        "**Whether it harms is open**: a model's mean error changes by {rise} on the second "
        "sample.",
        "**是否有害尚未定**：模型在第二个样本上的平均误差变化 {rise}。",
    ),
    "contested-supported": texts(
        "**It harms, as far as can be seen without labels**: networks that fit the first sample "
        "contest more of what a model says of the second than of mixed rows, by {rise}. That is a "
        "sign of errors, and not their number.",
        "**就无标签所能判断，有害**：拟合第一个样本的网络，对模型在第二个样本上的答案质疑得"
        "比在混合行上多，相差 {rise}。这是出错的迹象，而不是错误数。",
    ),
    "contested-refuted": texts(
        "**No harm, as far as can be seen without labels**: what networks that fit the first "
        "sample contest of a model's answers on the second differs from mixed rows by {rise} only.",
        "**就无标签所能判断，无害**：拟合第一个样本的网络，对模型在第二个样本上的答案的质疑"
        "与在混合行上只差 {rise}。",
    ),
    "contested-undecided": texts(
        "**Whether it harms is open**: what networks that fit the first sample contest of a "
        "model's answers on the second differs from mixed rows by {rise}. Labels of the second "
        "sample would tell.",
        "**是否有害尚未定**：拟合第一个样本的网络，对模型在第二个样本上的答案的质疑"
        "与在混合行上相差 {rise}。有第二个样本的标签才能判断。",
    ),
    "harm-not-asked": texts(
        "Whether a model's error rises was not judged: that takes labels, of the first sample for "
        "classes and of both for numbers.",
        "没有判断模型的误差是否上升：类别需要第一个样本的标签，数值需要两个样本的标签。",
    ),
    "copies": texts(
        "**{n} of the {of} rows of {new} are copies of rows of {old}: of them nothing new can be "
        "learnt, and errors on them look too small.**",
        "**{new} 的 {of} 行中有 {n} 行与 {old} 的行完全相同：从中学不到新东西，"
        "其上的误差也显得过小。**",
    ),
    "no-copies": texts(
        "No row of {new} is a copy of a row of {old}.", "{new} 中没有与 {old} 完全相同的行。"
    ),
    "columns-text": texts(
        "Each column alone, the smallest p-value first; p-values are adjusted for all columns by "
        "Holm's method. The size is the largest difference of distribution functions for numbers, "
        "and the total variation for levels and gaps: 0 where they agree, 1 where they share "
        "nothing.",
        "逐列比较，p 值最小的在前；p 值已按 Holm 方法对所有列校正。数值的差别大小为分布函数之差的"
        "最大值，类别与缺失为总变差：完全一致为 0，毫无重叠为 1。",
    ),
    "no-columns": texts(
        "There are too many columns to test them one by one: they count as features.",
        "列数太多，不逐列检验：视为特征。",
    ),
    "tested-text": texts(
        "Three tests decide together over {p} permutations of which row is of which sample: the "
        "maximum mean discrepancy over twenty kernels, the same in whitened features, and the "
        "columns one by one. {n} and {m} rows were permuted. Because the permutations are shared, "
        "the p-value of the three is exact, whatever their dependence; other tests in the table "
        "stand beside it. So many rows show an AUC of {detectable} of a known score in 80 % of "
        "samples.",
        "三种检验在对样本归属的 {p} 次置换上共同作结论：二十个核的最大均值差异、白化特征中的同一"
        "差异，以及逐列比较。参与置换的有 {n} 行与 {m} 行。置换既是共用的，无论检验之间如何相关，"
        "三者合起来的 p 值都是精确的；表中其余检验仅供参照。"
        "这么多行能在 80 % 的样本中显出已知得分 {detectable} 的 AUC。",
    ),
    "verdict-table": texts(
        "Verdicts: AUC, or the rise of the error, with 95 % intervals",
        "结论：AUC 或误差的上升，及 95 % 区间",
    ),
    "column-table": texts("Columns, the smallest p-value first", "各列，p 值最小的在前"),
    "test-table": texts("The p-value of each test", "各检验的 p 值"),
    "example-table": texts(
        "The {n} rows of {new} that look least like {old}; rows count from 0",
        "{new} 中最不像 {old} 的 {n} 行；行号从 0 数起",
    ),
    "examples-text": texts(
        "The log odds of being from {new}, by networks that did not see the row, and its entries "
        "in the columns that differ most.",
        "未见过该行的网络给出的、属于 {new} 的对数几率，以及该行在差别最大的各列中的取值。",
    ),
    "title-differ-supported": texts(
        "{new} differs from {old} by more than what matters: AUC {auc}",
        "{new} 与 {old} 的差别大到有意义：AUC {auc}",
    ),
    "title-differ-refuted": texts(
        "{new} differs from {old}, but not by more than what matters: AUC {auc}",
        "{new} 与 {old} 有差别，但没有大到有意义：AUC {auc}",
    ),
    "title-differ-undecided": texts(
        "{new} differs from {old}; whether by more than what matters is open: AUC {auc}",
        "{new} 与 {old} 有差别，是否大到有意义尚未定：AUC {auc}",
    ),
    "title-alike": texts(
        "No difference between {old} and {new} was seen: AUC {auc}",
        "看不出 {old} 与 {new} 的差别：AUC {auc}",
    ),
    "question": texts(
        "Is the second sample, {new} ({m} rows), distributed like the first, {old} ({n} rows)?",
        "第二个样本 {new}（{m} 行）与第一个样本 {old}（{n} 行）的分布是否相同？",
    ),
    "left-out": texts("{column} ({why})", "{column}（{why}）"),
}

_HEADS: Mapping[str, str] = {
    "question": "问题",
    "verdict": "结论",
    "size": "大小",
    "low": "下限",
    "high": "上限",
    "p": "p",
    "column": "列",
    "p (Holm)": "p（Holm）",
    "what changed": "变化",
    "test": "检验",
    "row": "行",
    "log odds": "对数几率",
    "classifier": "分类器",
    "mmd": "最大均值差异",
    "energy": "能量距离（不计入合并）",
    "columns": "逐列",
    "together": "合并",
    "columns of all rows": "全部行逐列",
    "file": "文件",
}
_TESTS: Mapping[str, str] = {
    "mmd": "maximum mean discrepancy",
    "energy": "energy distance, not combined",
    "together": "all together",
}


def say_shift(key: str, **values: object) -> Both:
    """Return one of the texts with its values put in.

    >>> say_shift("no-copies", new="b.csv", old="a.csv")["en"]
    'No row of b.csv is a copy of a row of a.csv.'
    """
    return {language: text.format(**values) for language, text in SHIFT[key].items()}


def head_words() -> dict[str, dict[str, str]]:
    """Return the heads of the tables, and the names of tests, in both languages."""
    return {"en": {key: _TESTS.get(key, key) for key in _HEADS}, "zh": dict(_HEADS)}


def verdict_texts(found: Detection) -> list[Both]:
    """Return a sentence for each verdict."""
    auc, interval = found.matters.size, found.matters.interval
    said = [
        say_shift(f"shifted-{found.shifted.verdict}", p=p_text(found.shifted.p)),
        say_shift(
            f"matters-{found.matters.verdict}",
            auc=f"{auc:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]",
            bar=f"{0.5 + found.epsilon:g}",
        ),
    ]
    harm = found.harmful
    if harm is None:
        return [*said, SHIFT["harm-not-asked"]]
    text, rise = SHIFT[f"{harm.evidence}-{harm.verdict}"], _rise(harm)
    return [*said, {one: text[one].format(rise=rise[one]) for one in LANGUAGES}]


def _rise(harm: ShiftVerdict) -> Both:
    if harm.evidence == "errors":
        shown = estimate_text(harm.size, harm.interval)
        return texts(shown, shown)
    numbers = [100 * number for number in (harm.size, *harm.interval)]
    decimals = min(1, decimals_for(numbers[2] - numbers[1]))
    size, low, high = (signed(number, decimals) for number in numbers)
    return texts(f"{size} [{low}, {high}] pp", f"{size} [{low}, {high}] 个百分点")


def change_text(change: ColumnChange) -> Both:
    """Return what moved most in a column."""
    if change.kind == "number":
        moved, spread = signed(change.second - change.first, 2), f"{change.spread:.2f}"
        return texts(
            f"mean {moved} deviations, spread × {spread}",
            f"均值 {moved} 个偏差，离散度 × {spread}",
        )
    first, second = share_text(change.first), share_text(change.second)
    if change.kind == "missing":
        return texts(f"missing: {first} to {second}", f"缺失：{first} 变为 {second}")
    level = change.name.partition(" = ")[2]
    return {one: f"{level}: {first} {'to' if one == 'en' else '变为'} {second}"
            for one in LANGUAGES}  # fmt: skip
