"""What the page on a table model itself says, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlplab.draw.words import column_title
from mlplab.pages.wording import Both, texts
from mlplab.tabular.shortcuts import SHORTCUTS

TABLE: Mapping[str, Both] = {
    "score": texts("How good it is", "有多准"),
    "errors-regression": texts("Where it errs", "误差在哪里"),
    "errors-classification": texts("Which classes it mistakes", "哪些类别会混淆"),
    "worst": texts("The worst rows", "误差最大的行"),
    "worst-classification": texts(
        "Rows told wrongly with the least probability for their true class, out of fold, and what "
        "is most unusual in each: in brackets the share of all rows that are as far out. Wrong "
        "labels show here first.",
        "折外判错、且真实类别所得概率最小的行，以及各行中最不寻常的取值："
        "括号内为同样极端的行所占比例。标错的标签往往先在这里显出。",
    ),
    "worst-regression": texts(
        "Largest errors out of fold, and what is most unusual in each row: in brackets the share "
        "of all rows that are as far out. Residuals are predicted - true, of logarithms under "
        "log-RMSE. Wrong entries and rows of another kind show here first.",
        "折外误差最大的行，以及各行中最不寻常的取值：括号内为同样极端的行所占比例。"
        "残差为预测减真实；指标为对数均方根误差时取对数之差。"
        "录入错误和另类样本往往先在这里显出。",
    ),
    "none-worst": texts("No row is told wrongly.", "没有判错的行。"),
    "importance": texts("What it looks at", "它看重什么"),
    "dependence": texts("How predictions go with a column", "预测如何随一列变化"),
    "dependence-text": texts(
        "The mean prediction over {n} of {all} rows with one column set to one value after the "
        "other, each row predicted by models that were not trained on it. Bands: one standard "
        "deviation of the rows' own curves, moved to one level; wide where the effect depends on "
        "other columns. This is what the model does, not what causes what.",
        "把一列依次设为各值，对 {all} 行中的 {n} 行取预测的均值；每行由未用它训练的模型预测。"
        "带：各行自己的曲线移到同一水平后的一个标准差；越宽，影响越依赖其他列。"
        "这是模型的行为，不是因果。",
    ),
    "none-dependence": texts(
        "No column's shuffling costs anything that shows, so none is followed.",
        "打乱任何一列都看不出影响，因此没有可画的列。",
    ),
    "gaps": texts("What is missing", "缺失"),
    "no-gaps": texts("No column has gaps.", "没有缺失。"),
    "shift": texts("Are the rows to predict alike?", "待预测的行是否相似？"),
    "models": texts("Members, and what was tried", "成员模型与尝试过的配置"),
    "members": texts("Members of the ensemble", "集成的成员"),
    "tried": texts("Configurations tried, the best first", "尝试过的配置，最好的在前"),
    "worst-rows": texts("{n} rows, the worst first", "{n} 行，最差的在前"),
    "dropped": texts("{n} rows without a target are left out", "略去 {n} 行无目标值的行"),
    "training-time": texts("{a} training, {b} for this page", "训练 {a}，本页 {b}"),
    "types-text": texts(
        "What a column was taken for can be declared: --types COLUMN=KIND",
        "列的类型可以自行声明：--types COLUMN=KIND",
    ),
    "same": texts(
        "The score is of predictions whose mixture was chosen without the fold of each row.",
        "得分所用的混合权重不使用各行所在的折。",
    ),
    "honest": texts(
        "The score is of predictions whose mixture was chosen without the fold of each row. With "
        "weights that have seen all folds it would be {optimistic}: choosing weights flatters.",
        "得分所用的混合权重不使用各行所在的折。若权重用了全部折，得分会是 {optimistic}："
        "差别就是选择权重带来的乐观。",
    ),
    "nested": texts(
        "The whole procedure, repeated without each fold, scores {nested}.",
        "整个流程在去掉每一折后各重复一次，得分为 {nested}。",
    ),
    "shift-text": texts(
        "Compared are {n} training rows and {m} rows of {test}, without target and ids, as "
        "`mlplab shift detect` does with all rows and more than these {p} permutations.",
        "比较了 {n} 个训练行与 {test} 的 {m} 行，不看目标与编号；`mlplab shift detect` 用全部行"
        "和多于此处 {p} 次的置换做同样的比较。",
    ),
    "shift-warns": texts(
        "The score need not hold for the rows to predict. Look for columns that tell when or where "
        "a row was recorded, and declare those ignored.",
        "得分未必适用于待预测的行。请查找记录时间或来源一类的列，并将其声明为 ignored。",
    ),
    "copies": texts(
        "**{n} of the {of} rows of {test} are copies of training rows: what is predicted of them "
        "says nothing of new rows.**",
        "**{test} 的 {of} 行中有 {n} 行与训练行完全相同：对它们的预测不能说明对新行的预测。**",
    ),
    "shift-few": texts(
        "Too few rows to tell, or no column that could differ.",
        "行数太少，或没有可比较的列，无法判断。",
    ),
    "old-rows": texts("training rows", "训练行"),
    "new-rows": texts("rows to predict", "待预测的行"),
}

COLUMNS_ZH: Mapping[str, str] = {
    "name": "名称",
    "kind": "种类",
    "score": "得分",
    "weight": "权重",
    "n_seeds": "种子数",
    "settings": "设置",
    "row": "行",
    "target": "真实",
    "predicted": "预测",
    "residual": "残差",
    "probability": "概率",
    "unusual": "不寻常之处",
}

# In the order of `tabular.shortcuts.SHORTCUTS`, whose English words these follow.
_SHORTCUTS_ZH: Mapping[str, str] = {
    "ended": "时间用尽，在至多 {all} 个配置中尝试了 {n} 个",
    "room": "预测所占内存已满，尝试了 {n} 个配置",
    "columns": "{all} 列中，每折只用与其训练目标最相关的 {n} 列",
    "rows": "每折在 {all} 行中随机取 {n} 行训练",
    "epochs": "网络训练 {n} 轮，而非 {all} 轮",
    "levels": "取值很多的类别列，只有最常见的 {n} 个水平各有一个特征",
    "constant": "没有网络及时完成：预测为训练行的均值或类别比例",
    "rivals": "scikit-learn 的 {all} 个模型中，{n} 个及时完成",
    "importance": "{all} 列中只测了模型中权重最大的 {n} 列的重要性",
    "dependence": "{all} 列中只画出 {n} 列的依赖关系",
    "shift": "比较待预测的行时，在 {all} 列中随机取 {n} 列",
    "unusual": "最差各行中的不寻常取值只在 {all} 列中的 {n} 列里查找",
}


def say_shortcut(key: str, values: Mapping[str, int]) -> Both:
    """Return what was left out, in both languages.

    >>> say_shortcut("epochs", {"n": 5, "all": 60})["en"]
    'networks made 5 passes over the rows instead of 60'
    """
    return {
        "en": SHORTCUTS[key].format(**values),
        "zh": _SHORTCUTS_ZH[key].format(**values),
    }


# What models say of themselves, in phrases; files of models hold them in English.
_PHRASES: Mapping[str, str] = {
    "linear": "线性",
    "{} ReLU": "{} ReLU",
    "dropout {}": "暂退 {}",
    "lr {}": "学习率 {}",
    "decay {}": "衰减 {}",
    "L1 {}": "L1 {}",
    "{} epochs of batches of {}": "{} 轮、批量 {}",
    "robust scale bent at {}": "稳健缩放、自 {} 起弯曲",
    "standard scale": "标准化",
    "ranks": "取秩",
    "logarithms": "取对数",
    "logarithms too": "另加对数",
    "{} bins": "{} 个分箱",
    "levels of up to {} whole numbers": "至多 {} 个整数时作类别",
    "levels from {} rows": "类别至少 {} 行",
    "targets drawn in at {} deviations": "目标收拢到 {} 个偏差以内",
    "gradient boosting": "梯度提升",
    "histogram boosting": "直方图梯度提升",
    "{} trees of depth {}": "{} 棵深 {} 的树",
    "{} trees of {} leaves": "{} 棵 {} 叶的树",
    "rate {}": "步长 {}",
    "a tenth of the features": "特征取十分之一",
    "a sixteenth of the features": "特征取十六分之一",
    "support vectors": "支持向量机",
    "C {}": "C {}",
    "epsilon {}": "epsilon {}",
    "gamma {} over the spread": "gamma 为 {} 除以离散度",
    "again with seed {}": "换种子 {} 再训练",
    "given": "指定",
    "the target is classes": "目标是类别",
    "the target is not positive throughout (least {})": "目标不全为正（最小 {}）",
    "the target is positive and skewed ({}; its logarithm {})": "目标为正且偏斜（{}；取对数后 {}）",
    "the target has little skew that a logarithm removes ({})": "取对数难减目标的偏斜（{}）",
}

# Columns of the tables of models and of rows, and kinds of columns.
WORDS: Mapping[str, str] = {
    "name": "名称",
    "kind": "种类",
    "score": "得分",
    "weight": "权重",
    "settings": "设置",
    "row": "行",
    "target": "目标",
    "predicted": "预测",
    "residual": "残差",
    "probability": "概率",
    "unusual": "不寻常之处",
    "number": "数值",
    "category": "类别",
    "date": "日期",
    "id": "标识",
    "constant": "常数",
    "text": "文本",
    "ignored": "忽略",
}


def say_phrases(text: str) -> Both:
    """Return what a model says of itself, phrase by phrase; what is not known stays as it is.

    >>> say_phrases("linear, lr 0.01, 61 epochs of batches of 64")["zh"]
    '线性，学习率 0.01，61 轮、批量 64'
    """
    return texts(text, "，".join(map(_phrase, text.split(", "))))


def _phrase(text: str) -> str:
    for english, chinese in _PHRASES.items():
        pattern = re.escape(english).replace(r"\{\}", "(.+)")
        if found := re.fullmatch(pattern, text):
            return chinese.format(*found.groups())
    return text


def table_word(text: object) -> Both:
    """Return a column or a cell of a table of models or rows."""
    chinese = column_title(str(text), WORDS, "zh")
    return texts(str(text), chinese) if chinese != str(text) else say_phrases(str(text))


def say_table(key: str, **values: object) -> Both:
    """Return one of the page's texts with its values put in.

    >>> say_table("dropped", n=2)["en"]
    '2 rows without a target are left out'
    """
    return {language: text.format(**values) for language, text in TABLE[key].items()}
