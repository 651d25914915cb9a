"""Texts in two languages, and the names of metrics and factors as a reader says them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlplab.specs.digits import FEWEST, digits_apart

Text = str | Mapping[str, str]
LANGUAGES = ("en", "zh")
UNTITLED = "–"
"""A figure's title until texts give it one."""
# A verdict is never told by its colour alone.
VERDICT_SYMBOLS: Mapping[str, str] = {
    "supported": "✓",
    "proved": "∎",
    "checked": "✓",
    "refuted": "✗",
    "equivalent": "≈",
    "undecided": "?",
    "none": "–",
}
# Each verdict's word, in tables and in sentences.
VERDICT_WORDS: Mapping[str, Mapping[str, str]] = {
    "supported": {"en": "supported", "zh": "成立"},
    "refuted": {"en": "refuted", "zh": "不成立"},
    "equivalent": {"en": "equivalent", "zh": "等价"},
    "undecided": {"en": "undecided", "zh": "未定"},
    "none": {"en": "no verdict", "zh": "无结论"},
    "proved": {"en": "proved", "zh": "已证明"},
    "checked": {"en": "checked", "zh": "已核验"},
}

_NO_DIFFERENCE = {"en": "no difference that matters", "zh": "无有意义的差异"}


# What a pair, or a repetition, is: one of them, and how many.
UNITS: Mapping[str, Mapping[str, str]] = {
    "seed": {"en": "one seed", "zh": "一个种子"},
    "fold": {"en": "one fold", "zh": "一折"},
}


def verdict_word(word: str, expect: object = None) -> Mapping[str, str]:
    """Return a verdict's word; `equivalent` denies a claim that one is higher than the other.

    >>> verdict_word("equivalent", "higher")["en"], verdict_word("equivalent")["en"]
    ('no difference that matters', 'equivalent')
    """
    is_denied = word == "equivalent" and expect in ("higher", "lower")
    return _NO_DIFFERENCE if is_denied else VERDICT_WORDS[word]


_SPLITS = {"train": "training", "valid": "validation", "test": "test"}
_METRICS = {
    "accuracy": "accuracy",
    "error_rate": "error rate",
    "loss": "loss",
    "rmse": "RMSE",
    "grad_norm": "gradient norm",
    "failure_rate": "failure rate",
    "activation_mean": "mean activation",
    "activation_variance": "variance of activations",
    "dead_share": "share of dead units",
    "rewinds": "rewinds",
}
_FACTORS = {
    "net.hidden": "hidden units",
    "net.activation": "activation",
    "net.dropout": "dropout rate",
    "net.noise": "noise",
    "net.noise_strength": "strength of the noise",
    "net.residual": "residual connections",
    "net.init": "initialisation",
    "optim.lr": "learning rate",
    "optim.momentum": "momentum",
    "optim.weight_decay": "weight decay",
    "optim.kind": "optimiser",
    "fit.epochs": "epochs",
    "fit.batch_size": "batch size",
    "fit.input_noise": "noise on inputs",
    "fit.input_strength": "strength of the noise on inputs",
    "fit.mixup": "mixup's alpha",
    "fit.shift": "pixels of shift",
    "fit.flip": "mirrored images",
    "fit.label_noise": "share of replaced classes",
    "fit.label_smoothing": "label smoothing",
}
_ZH = {
    "epoch": "轮次",
    "seed": "种子",
    "arm": "组",
    "training accuracy": "训练准确率",
    "validation accuracy": "验证准确率",
    "test accuracy": "测试准确率",
    "training error rate": "训练错误率",
    "validation error rate": "验证错误率",
    "test error rate": "测试错误率",
    "training loss": "训练损失",
    "validation loss": "验证损失",
    "test loss": "测试损失",
    "training RMSE": "训练均方根误差",
    "validation RMSE": "验证均方根误差",
    "test RMSE": "测试均方根误差",
    "gradient norm": "梯度范数",
    "mean activation": "激活值均值",
    "variance of activations": "激活值方差",
    "share of dead units": "失活单元比例",
    "rewinds": "回退次数",
    "failure rate": "失败率",
    "hidden units": "隐藏单元数",
    "activation": "激活函数",
    "dropout rate": "暂退概率",
    "noise": "噪声",
    "strength of the noise": "噪声强度",
    "residual connections": "残差连接",
    "noise on inputs": "输入噪声",
    "strength of the noise on inputs": "输入噪声强度",
    "mixup's alpha": "mixup 的 α",
    "pixels of shift": "平移的像素数",
    "mirrored images": "镜像图像",
    "share of replaced classes": "被替换的类别比例",
    "label smoothing": "标签平滑",
    "initialisation": "初始化",
    "learning rate": "学习率",
    "momentum": "动量",
    "weight decay": "权重衰减",
    "optimiser": "优化器",
    "epochs": "训练轮数",
    "batch size": "批量大小",
    "percentage points": "百分点",
    "mean": "均值",
    "low": "下限",
    "high": "上限",
    "seeds": "种子数",
    "count": "次数",
    "epochs spent, all runs together": "已用的轮数（所有运行合计）",
    "spent": "已用",
    "trial": "试验",
    "step": "步",
    "n seeds": "种子数",
    "fold": "折",
    "folds": "折数",
    "n folds": "折数",
    "n_seeds": "种子数",
    "n_runs": "运行数",
    "n_diverged": "发散数",
    "key": "运行标识",
    "status": "状态",
    "finished": "完成",
    "claim": "命题",
    "says": "命题内容",
    "verdict": "结论",
    "level": "置信水平",
    "matters": "有意义的最小差",
    "std": "标准差",
    "rank": "名次",
    "place": "行",
    "series": "系列",
    "lambda": "λ",
    "joined": "连线",
    "run epochs": "运行轮次",
    "value": "数值",
    "runs": "运行数",
    "log scale": "对数刻度",
    "standard deviation": "标准差",
    **{word: text["zh"] for word, text in VERDICT_WORDS.items()},
    _NO_DIFFERENCE["en"]: _NO_DIFFERENCE["zh"],
    "candidate and near-best": "候选且近最优",
    "candidate": "候选",
    "near-best": "近最优",
    "beaten": "被超越",
    "diverged": "发散",
    "failed": "失败",
    "difference": "差",
    "interval": "区间",
    "first layer": "第一层",
    "second layer": "第二层",
    "first direction": "第一方向",
    "second direction": "第二方向",
    "distance along the line": "沿直线的距离",
    "distance from the line": "离直线的距离",
}


def in_language(text: Text, language: str = "en") -> str:
    """Return a text in one language; a plain string is the same in all of them.

    >>> in_language({"en": "width", "zh": "宽度"}, "zh"), in_language("MLP", "zh")
    ('宽度', 'MLP')
    """
    if isinstance(text, str):
        return text
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


def join_texts(*texts: Text) -> Text:
    """Put texts one after the other, in every language.

    >>> join_texts({"en": "A.", "zh": "甲。"}, {"en": "B.", "zh": "乙。"})
    {'en': 'A. B.', 'zh': '甲。乙。'}
    """
    kept = [text for text in texts if in_language(text)]
    if all(isinstance(text, str) for text in kept):
        return " ".join(str(text) for text in kept)
    between = {"en": " ", "zh": ""}
    return {one: between[one].join(in_language(text, one) for text in kept) for one in LANGUAGES}


@dataclass(frozen=True, slots=True)
class Quantity:
    """How a metric is written: its name, and whether it is a share shown in per cent."""

    name: str
    share: bool

    @property
    def factor(self) -> float:
        """What a difference is multiplied by: shares differ in percentage points."""
        return 100.0 if self.share else 1.0

    @property
    def difference(self) -> str:
        """Axis title of a difference."""
        unit = " (percentage points)" if self.share else ""
        return f"difference in {self.name}{unit}"

    @property
    def axis_format(self) -> str:
        """Number format of an axis; its precision follows the step between the ticks."""
        return "%" if self.share else ".6~g"

    @property
    def number_format(self) -> str:
        """Number format of a single value."""
        return ".2%" if self.share else ".4~g"


def quantity(metric: str) -> Quantity:
    """Return how a metric is written.

    >>> quantity("valid_accuracy"), quantity("test_loss").axis_format
    (Quantity(name='validation accuracy', share=True), '.6~g')
    >>> quantity("grad_norm_2").name
    'gradient norm, layer 2'
    """
    split, _, rest = metric.partition("_")
    if split in _SPLITS:
        name = f"{_SPLITS[split]} {_METRICS.get(rest, rest.replace('_', ' '))}".strip()
    else:
        of_layer, _, layer = metric.rpartition("_")
        if of_layer in _METRICS and layer.isdigit():
            metric = of_layer
            name = f"{_METRICS[of_layer]}, layer {layer}"
        else:
            name = _METRICS.get(metric, metric.replace("_", " "))
    return Quantity(name, metric.endswith(("accuracy", "error_rate", "failure_rate", "_share")))


def factor_name(path: str) -> str:
    """Return a factor's name as a reader says it.

    >>> factor_name("optim.lr"), factor_name("net.my_thing")
    ('learning rate', 'my thing')
    """
    return _FACTORS.get(path, path.rsplit(".", 1)[-1].replace("_", " "))


def column_title(name: str, words: Mapping[str, str], language: str = "en") -> str:
    """Return what a column of a table is called: a metric, a factor, or an end of its interval.

    Args:
        name: such as `test_accuracy low`, `lr`, or `rate × width`, whose parts are words.
        words: those of the table, in that language; they come first.
        language: of the title.

    >>> column_title("test_accuracy low", {}), column_title("lr", {}, "zh")
    ('test accuracy low', '学习率')
    >>> column_title("rate × width", {"rate": "学习率", "width": "宽度"}, "zh")
    '学习率 × 宽度'
    """
    if name in words:
        return words[name]
    bare, _, end = name.rpartition(" ")
    if bare and end in ("low", "high"):
        title = column_title(bare, words, language)
        blank = " " if language == "en" else ""
        return name if title == bare else f"{title}{blank}{translate(end, language)}"
    if " × " in name:
        return " × ".join(column_title(part, words, language) for part in name.split(" × "))
    split = name.partition("_")[0]
    path = next((one for one in _FACTORS if name in (one, one.rsplit(".", 1)[-1])), "")
    title = quantity(name).name if split in _SPLITS else _FACTORS.get(path, name)
    return translate(title, language)


def typeset(number: str) -> str:
    """Return a formatted number as it is printed: minus is a minus, a rounded 0 has no sign.

    >>> typeset("-0.5"), typeset("-0.00"), typeset("+0.0%"), typeset("-inf")
    ('−0.5', '0.00', '0.0%', '−inf')
    """
    is_zero = "0" in number and not any(digit in number for digit in "123456789")
    return number.lstrip("+-") if is_zero else number.replace("-", "−")


def writer(values: Iterable[Any]) -> Callable[[Any], str]:
    """Return `value_text` with so many digits that different values of a chart stay apart.

    >>> write = writer([0.12345671, 0.12345678])
    >>> write(0.12345671), write(0.12345678)
    ('0.1234567', '0.1234568')
    """
    return partial(value_text, digits=digits_apart(values))


def value_text(value: Any, digits: int = FEWEST) -> str:
    """Return a factor's value as a label.

    >>> value_text(0.00001), value_text(256), value_text((256, 128)), value_text(0.10)
    ('1e-5', '256', '256, 128', '0.1')
    """
    if isinstance(value, list | tuple):
        return ", ".join(value_text(part, digits) for part in value) or "none"
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return f"{value:.{digits}g}".replace("e-0", "e-").replace("e+0", "e")
    return str(value)


def translate(text: str, language: str, words: Mapping[str, str] | None = None) -> str:
    """Return a word of a chart in another language; unknown words stay as they are.

    >>> translate("difference in test accuracy (percentage points)", "zh")
    '测试准确率之差（百分点）'
    """
    if language == "en":
        return (words or {}).get(text, text)
    known = {**_ZH, **(words or {})}
    if text in known:
        return known[text]
    name, _, unit = text.partition(" (")
    bare = name.removeprefix("difference in ")
    shown = known.get(bare, bare) + ("之差" if bare != name else "")
    inside = unit.removesuffix(")")
    return f"{shown}（{known.get(inside, inside)}）" if inside else shown
