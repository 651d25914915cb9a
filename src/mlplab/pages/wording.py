"""What a page itself says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

Both = Mapping[str, str]


def _both(en: str, zh: str) -> Both:
    return {"en": en, "zh": zh}


UI: Mapping[str, Both] = {
    "skip": _both("Skip to the content", "跳到正文"),
    "exercise": _both("Exercise", "习题"),
    "ledger": _both("All exercises", "全部习题"),
    "theme": _both("Light or dark", "浅色或深色"),
    "verdicts": _both("What the runs prove", "实验结论"),
    "answer": _both("Answer", "解答"),
    "figures": _both("Figures", "图"),
    "tables": _both("Tables", "表"),
    "how": _both("How it was run", "实验设置"),
    "failures": _both("Failed runs", "失败的运行"),
    "numbers": _both("Numbers", "数据"),
    "reproduce": _both("Run it again", "复现"),
    "contents": _both("On this page", "本页内容"),
    "verdict": _both("Verdict", "结论"),
    "claim": _both("Claim", "命题"),
    "effect": _both("Effect and interval", "效应与区间"),
    "p": _both("p", "p"),
    "seeds": _both("Seeds", "种子数"),
    "parts": _both("part", "部分"),
    "level": _both("{level} interval", "{level} 区间"),
    "matters": _both("d = {d}", "d = {d}"),
    "needed": _both("about {n} seeds would likely decide it", "约需 {n} 个种子才可能得出结论"),
    "caption": _both(
        "Each claim was stated before the runs and could fail. The interval that decides is the "
        "one shown; d is the smallest difference that matters, and the zone below it is shaded.",
        "每个命题都在运行之前写下，且可能不成立。显示的区间就是用于判定的区间；"
        "d 为有意义的最小差，小于它的范围画成阴影。",
    ),
    "scope": _both(
        "A verdict speaks of fresh seeds of this recipe on this data; not of other data, new "
        "images, or settings that were not tried.",
        "结论只针对同一方案、同一数据上的新种子；不涉及其他数据、新图像或未试过的设置。",
    ),
    "quick": _both("Quick profile", "快速模式"),
    "quick-text": _both(
        "Fewer seeds, arms and epochs than an answer needs: enough to try it out. For the answer "
        "itself run",
        "种子、组和轮数都少于正式解答所需，仅供试用。要得到正式解答，请运行",
    ),
    "profile": _both("Profile", "模式"),
    "runs": _both("Runs", "运行数"),
    "n-runs": _both("{n} runs", "{n} 次运行"),
    "n-seeds": _both("{n} seeds", "{n} 个种子"),
    "from-store": _both("{n} of them from the store", "其中 {n} 次取自存储"),
    "time": _both("Time", "用时"),
    "provenance": _both("Provenance", "来源环境"),
    "mixed": _both(
        "The runs come from several provenances: they are not comparable bit for bit.",
        "运行来自多个环境，不能逐比特比较。",
    ),
    "data": _both("Data", "数据"),
    "looks": _both("Looks at the test split", "查看测试集的记录"),
    "no-looks": _both("The test split was not looked at.", "未查看测试集。"),
    "no-failures": _both("Every run finished.", "所有运行均已完成。"),
    "no-verdicts": _both("This exercise states no claims.", "本习题没有命题。"),
    "table-of": _both("Show the numbers", "显示数据"),
    "embedded": _both("CSV, kept in this page", "CSV（内嵌于本页）"),
    "files": _both("Files beside this page", "本页旁的文件"),
    "rows": _both("{n} rows", "{n} 行"),
    "reproduce-text": _both(
        "The same command takes finished runs from the store and continues where it stopped.",
        "同一命令会从存储中取回已完成的运行，并从中断处继续。",
    ),
    "made": _both("Made by mlplab {version}", "由 mlplab {version} 生成"),
    "ledger-title": _both("Exercises, and what their runs prove", "习题与实验结论"),
    "ledger-text": _both(
        "{n} exercises run so far, with {m} claims.", "目前已运行 {n} 道习题，共 {m} 个命题。"
    ),
    "empty-ledger": _both("No exercise has been run yet.", "尚未运行任何习题。"),
    "math": _both("Equation", "公式"),
}

WORDS: Mapping[str, Both] = {
    "supported": _both("supported", "成立"),
    "refuted": _both("refuted", "不成立"),
    "equivalent": _both("equivalent", "等价"),
    "undecided": _both("undecided", "未定"),
    "none": _both("no verdict", "无结论"),
    "proved": _both("proved", "已证明"),
}

SIZES: Mapping[str, Both] = {
    "below d": _both("below what matters", "小于有意义的差"),
    "at least d": _both("at least what matters", "达到有意义的差"),
    "open": _both("size open", "大小未定"),
}

PROFILES: Mapping[str, Both] = {
    "quick": _both("quick", "快速"),
    "standard": _both("standard", "标准"),
    "full": _both("full", "完整"),
}

DESIGN: Mapping[str, Both] = {
    "task": _both("Task", "任务"),
    "base": _both("Base run", "基准运行"),
    "vary": _both("Varied", "变动的因素"),
    "factors": _both("Varied", "变动的因素"),
    "arms": _both("Arms", "实验组"),
    "seeds": _both("Seeds", "种子"),
    "epochs": _both("Epochs", "轮数"),
    "metric": _both("Metric", "指标"),
    "claims": _both("Claims", "命题"),
    "data": _both("Data", "数据"),
    "cost": _both("Cost", "代价"),
    "net": _both("Network", "网络"),
    "optim": _both("Optimiser", "优化器"),
    "fit": _both("Training", "训练"),
    "notes": _both("Notes", "说明"),
    "looks": _both("Looks", "查看次数"),
    "valid": _both("Validation", "验证集"),
    "runs": _both("Runs", "运行数"),
    "from_store": _both("From the store", "取自存储"),
    "note": _both("Note", "备注"),
    "profile": _both("Profile", "模式"),
}


def say(key: str, **values: object) -> Both:
    """Return one of the page's own texts with its values put in.

    >>> say("rows", n=3)["en"]
    '3 rows'
    """
    return {language: text.format(**values) for language, text in UI[key].items()}
