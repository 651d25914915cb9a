"""What a page itself says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.draw.words import quantity, translate

Both = Mapping[str, str]


def texts(en: str, zh: str) -> Both:
    """Return a text in both languages."""
    return {"en": en, "zh": zh}


UI: Mapping[str, Both] = {
    "skip": texts("Skip to the content", "跳到正文"),
    "exercise": texts("Exercise", "习题"),
    "experiment": texts("Experiment", "实验"),
    "search": texts("Search", "搜索"),
    "table": texts("Table", "表格"),
    "shift": texts("Shift", "分布偏移"),
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
    "trial-means": texts("The factors in the trials", "试验中的各因素"),
    "trial-means-text": texts(
        "For each factor, the mean of {metric} over the {n} configurations that trained longest, "
        "by value or by ranges that hold about equally many of them. {sample} It describes the "
        "trials and proves no effect: that takes a grid with seeds.",
        "对每个因素，按其取值或按试验数大致相等的区段，给出训练最久的 {n} 组配置的{metric}均值。"
        "{sample}它只描述这些试验，不证明任何效应；要证明须用带多个种子的网格。",
    ),
    "sample-random": texts(
        "Other factors vary within each group too, and each configuration had few seeds.",
        "各组内其余因素也在变化，且每组配置的种子很少。",
    ),
    "sample-adaptive": texts(
        "Other factors vary within each group too, and the trials are no random sample: {strategy} "
        "search tries more, or trains longer, where earlier trials were good.",
        "各组内其余因素也在变化，且这些试验不是随机样本：{strategy} 搜索会在先前试验较好之处"
        "多试或训练更久。",
    ),
    "trial-means-caption": texts(
        "Grey: the trials that trained longest. Bars: mean and 95 % t-interval over the trials of "
        "each {group}, each by itself; other factors vary too{adaptive}.",
        "灰点：训练最久的试验。竖线：每个{group}内各试验的均值与 95 % t 区间，各自单独计算；"
        "其余因素也在变化{adaptive}。",
    ),
    "trial-means-table": texts(
        "Means of the trials by factor, with 95 % intervals", "各因素下试验的均值与 95 % 区间"
    ),
    "best-so-far": texts(
        "Of the trials that trained longest, over what had been spent when they ended.",
        "仅限训练最久的试验，按其结束时已用的代价排列。",
    ),
    "effects": texts("Effects of the factors", "各因素的效应"),
    "effects-text": texts(
        "Each seed trained the whole grid, so that every effect is a difference computed seed by "
        "seed. The effect of a factor is that between two of its levels, averaged over all other "
        "factors of this grid; two factors are additive if such a difference does not depend on "
        "the other's level. The largest of each is shown, with its interval over {seeds} seeds: "
        "{n} intervals of level {level} share 5 %, those not shown included. d = {d} is the "
        "smallest difference that matters (Montgomery, *Design and Analysis of Experiments*).",
        "每个种子都训练了整个网格，因此每个效应都是逐个种子计算的差。一个因素的效应是它两个水平之差，"
        "对网格中其余因素取平均；若这种差不依赖于另一因素的水平，则两个因素可相加。"
        "表中列出各自最大的一个及其在 {seeds} 个种子上的区间：共 {n} 个水平为 {level} 的区间"
        "（包括未列出的）分摊 5 %。d = {d} 为有意义的最小差"
        "（Montgomery，*Design and Analysis of Experiments*）。",
    ),
    "effects-dropped": texts(
        "A run failed on further seeds ({seeds}): their copies of the grid are left out whole, "
        "and there is no verdict.",
        "另有种子的运行失败（{seeds}）：其整份网格均未计入，且不下结论。",
    ),
    "effects-caption": texts(
        "Bars: intervals over seeds, {n} of level {level} in all.",
        "横线为种子上的区间，共 {n} 个，水平各为 {level}。",
    ),
    "effects-table": texts(
        "The largest effect of each factor, and of each two", "各因素及每两个因素的最大效应"
    ),
    "arms-table": texts(
        "Each arm's mean and 95 % interval over seeds", "各组在种子间的均值与 95 % 区间"
    ),
    "ledger": texts("All exercises", "全部习题"),
    "theme": texts("Light or dark", "浅色或深色"),
    "verdicts": texts("What the runs prove", "实验结论"),
    "computed": texts("What is proved or checked", "证明与核验"),
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
    "caption-computed": texts(
        "Each claim could fail. What is proved holds in every case; what is checked holds in the "
        "cases that were computed.",
        "每个命题都可能不成立。“已证明”指在一切情形下成立，“已核验”指在计算过的情形中成立。",
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
    "n-repetitions": texts("{n} repetitions", "{n} 次重复"),
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
    "yes": texts("yes", "是"),
    "no": texts("no", "否"),
    "reproduce-text": texts(
        "The same command takes finished runs from the store and continues where it stopped.",
        "同一命令会从存储中取回已完成的运行，并从中断处继续。",
    ),
    "reproduce-afresh": texts(
        "The same command computes it anew, and says the same of the same files.",
        "同一命令会重新计算，对相同的文件得到相同的结果。",
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
    "training_rows": texts("Training rows", "训练行"),
    "test_rows": texts("Rows to predict", "待预测的行"),
    "n_folds": texts("Folds", "折数"),
    "column_kinds": texts("Columns", "列"),
    "left_out": texts("Left out for want of time or memory", "限于时间或内存而省略"),
    "first_sample": texts("First sample", "第一个样本"),
    "second_sample": texts("Second sample", "第二个样本"),
    "permuted": texts("Rows permuted", "参与置换的行"),
    "scored": texts("Rows scored", "计分的行"),
    "permutations": texts("Permutations", "置换次数"),
    "epsilon": texts("What matters: an AUC above 0.5 by", "有意义的差别：AUC 超出 0.5 的量"),
    "not_compared": texts("Columns not compared", "未比较的列"),
}

# Fields of specs that a design lists; further ones are metrics and factors.
FIELDS: Mapping[str, str] = {
    "kind": "种类",
    "name": "名称",
    "settings": "设置",
    "module": "模块",
    "scale": "尺度",
    "norm": "规范化",
    "schedule": "学习率调度",
    "warmup": "预热轮数",
    "loss": "损失",
    "huber_delta": "Huber 界",
    "last_batch": "最后一批",
    "rows": "样本",
    "start": "起点",
    "test": "测试",
    "measures": "另测的指标",
    "probes": "每轮探查的步数",
    "rewinds": "发散后回退次数",
    "rewind_factor": "回退时学习率的倍数",
    "clip_norm": "梯度范数上限",
    "decay_biases": "偏置也衰减",
    "dtype": "数值类型",
    "stride": "记录间隔",
    "inputs": "输入",
}

LOOKS: Mapping[str, Both] = {
    "split": texts("split", "数据"),
    "purpose": texts("purpose", "目的"),
    "experiment": texts("experiment", "实验"),
    "n_runs": texts("runs", "运行数"),
    "remembered": texts("from the store", "取自存储"),
    "time": texts("time", "时间"),
    "test": texts("test", "测试集"),
    "results of fixed arms": texts("results of fixed arms", "预先固定的各组的结果"),
    "predictions of fixed arms": texts("predictions of fixed arms", "预先固定的各组的预测"),
    "score of disjoint ensembles": texts("score of disjoint ensembles", "没有共同成员的集成的得分"),
}

_CHOSEN = "score of the arm chosen by "
_SOURCES: Mapping[str, str] = {
    "memory": "内存",
    "made from a seed": "由种子生成",
    "made of ": "取自 ",
    "ships with ": "随附于 ",
    "cache (": "缓存 (",
    "system (": "系统 (",
    "Debian package ": "Debian 软件包 ",
    "Python wheel ": "Python 软件包 ",
}


def look_text(text: str) -> Both:
    """Return a column or a cell of the looks at a split; what the arm was chosen by, too.

    >>> look_text("score of the arm chosen by valid_accuracy: lr=0.1")["zh"]
    '按验证准确率选出的组 lr=0.1 的得分'
    """
    metric, _, arm = text.removeprefix(_CHOSEN).partition(": ")
    if text.startswith(_CHOSEN):
        return texts(text, f"按{translate(quantity(metric).name, 'zh')}选出的组 {arm} 的得分")
    return LOOKS.get(text, texts(text, text))


def source_text(source: str) -> Both:
    """Return where data were found.

    >>> source_text("cache (/data), from Debian package dataset-x")["zh"]
    '缓存 (/data)，来自 Debian 软件包 dataset-x'
    """
    parts = source.split(", from ")
    chinese = []
    for part in parts:
        start = next((one for one in _SOURCES if part.startswith(one)), "")
        chinese.append(_SOURCES.get(start, "") + part.removeprefix(start))
    return texts(source, "，来自 ".join(chinese))


def say(key: str, **values: object) -> Both:
    """Return one of the page's own texts with its values put in.

    >>> say("rows", n=3)["en"]
    '3 rows'
    """
    return {language: text.format(**values) for language, text in UI[key].items()}
