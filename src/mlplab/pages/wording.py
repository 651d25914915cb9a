"""What a page itself says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

Both = Mapping[str, str]


def texts(en: str, zh: str) -> Both:
    """Return a text in both languages."""
    return {"en": en, "zh": zh}


UI: Mapping[str, Both] = {
    "skip": texts("Skip to the content", "跳到正文"),
    "exercise": texts("Exercise", "习题"),
    "experiment": texts("Experiment", "实验"),
    "search": texts("Search", "搜索"),
    "code": texts("In Python", "用 Python 声明"),
    "plain": texts("One run in plain PyTorch", "用纯 PyTorch 训练一次"),
    "plain-text": texts(
        "The same setting, first weights and orders drawn by torch: one more sample of it.",
        "设置相同，初始权重和样本顺序由 torch 抽取：是同一设置的又一个样本。",
    ),
    "asked": texts(
        "Arms: {arms}, seeds of each: {seeds}, runs in all: {n}.",
        "{arms} 组，每组 {seeds} 个种子：共 {n} 次运行。",
    ),
    "best-mean": texts(
        "**{best}** has the best mean {metric}: {mean} (seeds: {n}). Whether it "
        "is truly better than the next, claims and confidence sets decide, not a table of means.",
        "**{best}** 的平均{metric}最好：{mean}（种子数：{n}）。"
        "它是否确实优于其次者，要由命题与置信集判定，而不是看均值表。",
    ),
    "one-mean": texts(
        "The mean {metric} is {mean} (seeds: {n}).",
        "平均{metric}为 {mean}（种子数：{n}）。",
    ),
    "searched": texts(
        "The search ({strategy}) made {n} trials, spent {spent} of its budget of {budget} epochs, "
        "and chose **{chosen}**. Its score in the search was better than with fresh seeds, which "
        "had no part in the choice, by {optimism} (a minus means worse).",
        "搜索（{strategy}）做了 {n} 次试验，用去 {budget} 轮预算中的 {spent} 轮，"
        "选出 **{chosen}**。"
        "它在搜索中的得分比用未参与选择的新种子所得的好 {optimism}（负号表示更差）。",
    ),
    "best-curve": texts(": {best} ends best, at {reached}", "：{best} 最后最好，为 {reached}"),
    "one-curve": texts(" ends at {reached}", "最后为 {reached}"),
    "over-epochs": texts(" over the epochs", "随轮次的变化"),
    "curves-shown": texts(" (the {n} best arms are drawn)", "（只画最好的 {n} 组）"),
    "arms-between": texts(
        ": the means of {n} arms lie between {least} and {most}",
        "：{n} 组的均值在 {least} 与 {most} 之间",
    ),
    "pairs": texts(
        "Claims about two arms, seed by seed: {m} of {n} supported",
        "{n} 个比较两组的命题，逐个种子的差异：{m} 个成立",
    ),
    "where-looked": texts(
        "Of {n} trials, the search chose {chosen}", "在 {n} 次试验中，搜索选出 {chosen}"
    ),
    "trials": texts("Every trial of the search", "搜索的全部试验"),
    "best-so-far": texts(
        "Of the trials that trained longest, over what had been spent when they ended.",
        "仅限训练最久的试验，按其结束时已用的代价排列。",
    ),
    "arms-table": texts(
        "Each arm's mean and 95 % interval over seeds", "各组在种子间的均值与 95 % 区间"
    ),
    "ledger": texts("All exercises", "全部习题"),
    "theme": texts("Light or dark", "浅色或深色"),
    "verdicts": texts("What the runs prove", "实验结论"),
    "answer": texts("Answer", "解答"),
    "figures": texts("Figures", "图"),
    "tables": texts("Tables", "表"),
    "how": texts("How it was run", "实验设置"),
    "failures": texts("Failed runs", "失败的运行"),
    "numbers": texts("Numbers", "数据"),
    "reproduce": texts("Run it again", "复现"),
    "contents": texts("On this page", "本页内容"),
    "verdict": texts("Verdict", "结论"),
    "claim": texts("Claim", "命题"),
    "effect": texts("Effect and interval", "效应与区间"),
    "p": texts("p", "p"),
    "seeds": texts("Seeds", "种子数"),
    "parts": texts("part", "部分"),
    "source": texts(
        "The source's claims, {n} in all: {held} held, {fallen} not, {open} open.",
        "原答案的 {n} 个命题中，{held} 个成立，{fallen} 个不成立，{open} 个未定。",
    ),
    "level": texts("{level} interval", "{level} 区间"),
    "matters": texts("d = {d}", "d = {d}"),
    "needed": texts("about {n} seeds would likely decide it", "约需 {n} 个种子才可能得出结论"),
    "caption": texts(
        "Each claim was stated before the runs and could fail. The interval that decides is the "
        "one drawn; claims that are judged together share its 5 %, so that four of them have "
        "intervals of 98.75 %. d is the smallest difference that matters, and the zone below it "
        "is shaded.",
        "每个命题都在运行之前写下，且可能不成立。画出的区间就是用于判定的区间；一起判定的命题分摊 "
        "5 % 的误判率，四个命题的区间各为 98.75 %。d 为有意义的最小差，小于它的范围画成阴影。",
    ),
    "scope": texts(
        "A verdict speaks of fresh seeds of this recipe on this data; not of other data or "
        "settings that were not tried, and of new examples only where it says so.",
        "结论只针对同一方案、同一数据上的新种子；不涉及其他数据或未试过的设置，"
        "只有注明处才涉及新样本。",
    ),
    "this test set": texts("on this test set {interval}", "在本测试集上 {interval}"),
    "new examples": texts("on new examples {interval}", "在新样本上 {interval}"),
    "decides": texts("new examples decide", "以新样本判定"),
    "single-seeds": texts(
        "The interval on new examples is over fresh seeds and fresh examples like those of the "
        "test set. Single runs of one recipe, from one seed each, mostly measure the test set's "
        "own noise (Jordan, arXiv 2304.01910).",
        "新样本上的区间同时考虑新种子和与测试集同类的新样本。同一方案只用一个种子的单次运行，"
        "测到的大多是测试集自身的噪声（Jordan，arXiv 2304.01910）。",
    ),
    "quick": texts("Quick profile", "快速模式"),
    "quick-text": texts(
        "Fewer seeds, arms and epochs than an answer needs: enough to try it out. For the answer "
        "itself run",
        "种子、组和轮数都少于正式解答所需，仅供试用。要得到正式解答，请运行",
    ),
    "profile": texts("Profile", "模式"),
    "runs": texts("Runs", "运行数"),
    "n-runs": texts("{n} runs", "{n} 次运行"),
    "n-seeds": texts("{n} seeds", "{n} 个种子"),
    "from-store": texts("{n} of them from the store", "其中 {n} 次取自存储"),
    "time": texts("Time", "用时"),
    "provenance": texts("Provenance", "来源环境"),
    "mixed": texts(
        "The runs come from several provenances: they are not comparable bit for bit.",
        "运行来自多个环境，不能逐比特比较。",
    ),
    "data": texts("Data", "数据"),
    "looks": texts("Looks at the test split", "查看测试集的记录"),
    "no-looks": texts("The test split was not looked at.", "未查看测试集。"),
    "no-failures": texts("Every run finished.", "所有运行均已完成。"),
    "table-of": texts("Show the numbers", "显示数据"),
    "embedded": texts("CSV, kept in this page", "CSV（内嵌于本页）"),
    "files": texts("Files beside this page", "本页旁的文件"),
    "rows": texts("{n} rows", "{n} 行"),
    "reproduce-text": texts(
        "The same command takes finished runs from the store and continues where it stopped.",
        "同一命令会从存储中取回已完成的运行，并从中断处继续。",
    ),
    "made": texts("Made by mlplab {version}", "由 mlplab {version} 生成"),
    "ledger-title": texts("Exercises, and what their runs prove", "习题与实验结论"),
    "ledger-text": texts(
        "{n} exercises run so far, with {m} claims.", "目前已运行 {n} 道习题，共 {m} 个命题。"
    ),
    "empty-ledger": texts("No exercise has been run yet.", "尚未运行任何习题。"),
    "math": texts("Equation", "公式"),
}

WHOSE: Mapping[str, Both] = {
    "source": texts("the source's claim", "原答案的命题"),
    "ours": texts("our claim", "我们的命题"),
}

SIZES: Mapping[str, Both] = {
    "below d": texts("below what matters", "小于有意义的差"),
    "at least d": texts("at least what matters", "达到有意义的差"),
    "open": texts("whether it reaches what matters is open", "是否达到有意义的差尚未定"),
}

PROFILES: Mapping[str, Both] = {
    "quick": texts("quick", "快速"),
    "standard": texts("standard", "标准"),
    "full": texts("full", "完整"),
}

DESIGN: Mapping[str, Both] = {
    "task": texts("Task", "任务"),
    "base": texts("Base run", "基准运行"),
    "vary": texts("Varied", "变动的因素"),
    "factors": texts("Varied", "变动的因素"),
    "arms": texts("Arms", "实验组"),
    "seeds": texts("Seeds", "种子"),
    "epochs": texts("Epochs", "轮数"),
    "metric": texts("Metric", "指标"),
    "claims": texts("Claims", "命题"),
    "data": texts("Data", "数据"),
    "cost": texts("Cost", "代价"),
    "net": texts("Network", "网络"),
    "optim": texts("Optimiser", "优化器"),
    "fit": texts("Training", "训练"),
    "notes": texts("Notes", "说明"),
    "looks": texts("Looks", "查看次数"),
    "valid": texts("Validation", "验证集"),
    "runs": texts("Runs", "运行数"),
    "from_store": texts("From the store", "取自存储"),
    "note": texts("Note", "备注"),
    "profile": texts("Profile", "模式"),
}

RECORDED: Mapping[str, Both] = {
    "split": texts("split", "数据集"),
    "test": texts("test", "测试集"),
    "purpose": texts("purpose", "用途"),
    "results of fixed arms": texts("results of fixed arms", "固定各组的结果"),
    "experiment": texts("experiment", "实验"),
    "n_runs": texts("runs", "运行数"),
    "remembered": texts("taken from the store", "取自存储"),
    "yes": texts("yes", "是"),
    "no": texts("no", "否"),
    "time": texts("time", "时间"),
    "arm": texts("arm", "组"),
    "failed": texts("failed", "失败数"),
    "runs": texts("runs", "运行数"),
    "low": texts("share failed, from", "失败比例下限"),
    "high": texts("to", "失败比例上限"),
}
"""Heads and cells of the tables of looks at the test split and of failed runs."""


def say(key: str, **values: object) -> Both:
    """Return one of the page's own texts with its values put in.

    >>> say("rows", n=3)["en"]
    '3 rows'
    """
    return {language: text.format(**values) for language, text in UI[key].items()}
