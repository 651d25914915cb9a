"""Section 4.10: house prices: a baseline and a submission, targets, gaps, tuning, better models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises import house_tables as tables
from mlplab.exercises.house_tables import CHAPTER, house_folds, n_repeats, own_fold
from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings, Results, exercise
from mlplab.experiment import Experiment, Runs
from mlplab.specs import (
    LARS,
    MLP,
    SGD,
    Adam,
    AdamW,
    Block,
    Fit,
    Init,
    RMSprop,
    Run,
    Schedule,
)

LINEAR = Run(
    net=MLP(hidden=()),
    optim=Adam(lr=5.0),
    fit=Fit(epochs=100, batch_size=64, last_batch="keep", test="never", measures=("house_score",)),
)
"""The chapter's model and training: squared error of prices, Adam with rate 5."""

_WIDTH = "the chapter's preparation makes 330 features"
_CONSTANT = "the linear baseline scores lower than the best constant"
_LEAK = "prepared by the training rows alone it scores the same as prepared by all rows"
_ENOUGH = "after 100 epochs it scores the same as after 300"


def _prove_baseline() -> Sequence[Checked]:
    from mlplab.exercises.house_baseline import prove

    return prove(_WIDTH)


def _measure_baseline(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.house_baseline import measure

    return measure(runs, _CONSTANT, _LEAK, _ENOUGH)


def _tell_baseline(results: Results) -> Findings:
    from mlplab.exercises.house_baseline import tell

    return tell(results.runs, results.measured, results.progress)


@exercise(
    "4.10.1",
    slug="first-submission",
    tell=_tell_baseline,
    prove=_prove_baseline,
    proofs=(_WIDTH,),
    measure=_measure_baseline,
    measured=(_CONSTANT, _LEAK, _ENOUGH),
    chinese={
        _WIDTH: "书中的预处理得到 330 个特征",
        _CONSTANT: "线性基线的得分低于最好的常数",
        _LEAK: "只用训练样本做预处理，得分与用全部样本相同",
        _ENOUGH: "训练 100 轮与 300 轮的得分相同",
    },
)
def first_submission(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Score the chapter's linear model over folds, and train it on all rows for a submission."""
    n = n_repeats(profile.n_seeds, seeds)
    folds = LINEAR.with_value("rows", own_fold())
    whole = LINEAR.with_value("rows", Block(n=tables.N_ROWS))
    return {
        "as published": Experiment(
            house_folds(n, "standardised", "price"),
            folds.with_value("fit.epochs", 300),
            seeds=n,
            name=f"4.10.1 as published, {profile.name}",
        ),
        "training rows only": Experiment(
            house_folds(n, "plain", "price", CHAPTER),
            folds,
            seeds=n,
            name=f"4.10.1 training rows only, {profile.name}",
        ),
        "submission": Experiment(
            house_folds(0, "standardised", "price"),
            whole,
            seeds=profile.pick(2, 8),
            name=f"4.10.1 submission, {profile.name}",
        ),
    }


_FLAT = "below 1 the clamp passes no gradient, whatever the loss"
_TWICE = "the source's figures for a stuck model are the score of the log of log prices"
_WORSE = "the source's way scores higher than the chapter's loss on prices"
_BAD = "log price as the target, at rate 0.01, scores higher than price as the target"
_RATE = "log price as the target scores higher at rate 5 than at rate 0.01"
_ALIVE = "started at a usual price, the source's way scores lower than the chapter's loss on prices"
_BOUNDED = "with bounded features, log price as the target scores lower than price as the target"

BOUNDED: Mapping[str, object] = {"scale": "smooth-clip", "log_skew": 0.75}
"""A preparation under which no single number is far from the others."""
START = 180_000.0
"""A usual price, in round numbers."""


def _prove_log() -> Sequence[Checked]:
    from mlplab.exercises.house_log_price import prove

    return prove(_FLAT, _TWICE)


def _measure_log(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.house_log_price import measure

    return measure(runs, _WORSE, _BAD, _RATE, _ALIVE, _BOUNDED)


def _tell_log(results: Results) -> Findings:
    from mlplab.exercises.house_log_price import tell

    return tell(results.runs, results.measured, results.proofs)


@exercise(
    "4.10.2",
    slug="log-price",
    tell=_tell_log,
    prove=_prove_log,
    proofs=(_FLAT, _TWICE),
    measure=_measure_log,
    measured=(_WORSE, _BAD, _RATE, _ALIVE, _BOUNDED),
    chinese={
        _FLAT: "低于 1 时，无论损失如何，截断都不传递梯度",
        _TWICE: "原答案中卡死模型的数字，其实是对数价格再取对数后的得分",
        _WORSE: "原答案的做法得分高于（差于）书中对价格的损失",
        _BAD: "以对数价格为目标、学习率 0.01 时，得分高于（差于）以价格为目标",
        _RATE: "以对数价格为目标时，学习率 5 的得分高于（差于）学习率 0.01",
        _ALIVE: "从常见的价格出发，原答案的做法得分低于（好于）书中对价格的损失",
        _BOUNDED: "特征有界时，以对数价格为目标的得分低于（好于）以价格为目标",
    },
)
def log_price(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Predict log prices: with a clamp in the model as the source, and as the target."""
    import mlplab.exercises.clamped_log  # noqa: F401  # registers the source's model
    from mlplab.specs import Module

    n = n_repeats(profile.n_seeds, seeds)

    def experiment(name: str, features: str, target: str, base: Run, **more: Any) -> Experiment:
        preparation = BOUNDED if features == "plain" else None
        return Experiment(
            house_folds(n, features, target, preparation),
            base.with_value("rows", own_fold()),
            seeds=n,
            name=f"4.10.2 {name}, {profile.name}",
            **more,
        )

    clamped = LINEAR.replace(net=Module(name="house-clamped-log"))
    clamped = clamped.with_value("fit.measures", ("house_double_log", "house_stuck"))
    alive = Module(name="house-clamped-log", settings={"start": START})
    plain = LINEAR.with_value("fit.measures", ()).with_value("optim.lr", 0.01)
    return {
        "clamp": experiment(
            "clamp in the model",
            "standardised",
            "log price",
            clamped,
            arms=[{}, {"net": alive}],
        ),
        "price": experiment(
            "price", "standardised", "price", LINEAR, vary={"optim.lr": [5.0, 15.0]}
        ),
        "log price": experiment(
            "log price",
            "standardised",
            "log price",
            plain,
            vary={"optim.lr": [0.001, 0.003, 0.01, 0.03, 0.1, 5.0]},
        ),
        "bounded price": experiment(
            "bounded price", "plain", "price", LINEAR, vary={"optim.lr": [5.0, 15.0]}
        ),
        "bounded log price": experiment(
            "bounded log price", "plain", "log price", plain, vary={"optim.lr": [0.003, 0.01]}
        ),
    }


_NOTHING = "the source's interpolation changes nothing: what it is given has no gaps"
_MEDIAN = "on the table's own gaps mean and median score the same"
_INDICATOR = "on these an indicator of gaps lowers the mean's score"
_INTERPOLATED = "on these interpolation along the rows scores lower than the mean"
_ITERATIVE = "on these filling from other columns scores lower than the mean"
_PREDICTED = "of numbers removed at random, filling from other columns scores lower than the mean"
_USELESS = "there an indicator changes nothing"
_TOLD = "of numbers removed because they are large, an indicator lowers the mean's score"
_LOW = "there the mean of what is left fills in too little"
_GAPS = (_MEDIAN, _INDICATOR, _INTERPOLATED, _ITERATIVE, _PREDICTED, _USELESS, _TOLD, _LOW)


def _prove_gaps() -> Sequence[Checked]:
    from mlplab.exercises.house_gaps import prove

    return prove(_NOTHING)


def _measure_gaps(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.house_gaps import measure

    return measure(profile, *_GAPS)


def _tell_gaps(results: Results) -> Findings:
    from mlplab.exercises.house_gaps_told import tell

    return tell(results.profile, results.measured, results.proofs)


@exercise(
    "4.10.3",
    slug="missing-values",
    kind="exact",
    tell=_tell_gaps,
    prove=_prove_gaps,
    proofs=(_NOTHING,),
    measure=_measure_gaps,
    measured=_GAPS,
    chinese={
        _NOTHING: "原答案的插值什么也没有改变：它得到的输入已无缺失",
        _MEDIAN: "对表中原有的缺失，均值与中位数得分相同",
        _INDICATOR: "对这些缺失，加上缺失指示会降低均值的得分",
        _INTERPOLATED: "对这些缺失，沿行插值的得分低于均值",
        _ITERATIVE: "对这些缺失，由其他列预测的得分低于均值",
        _PREDICTED: "数值被随机删去时，由其他列预测的得分低于均值",
        _USELESS: "这时缺失指示不起作用",
        _TOLD: "数值因为大而被删去时，缺失指示会降低均值的得分",
        _LOW: "这时用剩余数值的均值填补会偏小",
    },
)
def missing_values(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is kept as runs: ridges are solved exactly for every way, fold and removal."""
    return {}


_TUNED = "chosen anew within each fold, the settings score lower than the chapter's"
_SOURCE = "the source's choice scores lower than the chapter's settings"
_AS_GOOD = "chosen anew within each fold, the settings score the same as the source's choice"
_OPTIMISTIC = "the score of the settings that tuning chose is lower than that of tuning"
_DECAY = "beside the source's choice a weight decay of 1 lowers the score"


def _measure_tuning(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.house_tuning import measure

    return measure(runs, _TUNED, _SOURCE, _AS_GOOD, _OPTIMISTIC, _DECAY)


def _tell_tuning(results: Results) -> Findings:
    from mlplab.exercises.house_tuning import tell

    return tell(results.runs, results.measured)


@exercise(
    "4.10.4",
    slug="tuning-by-folds",
    tell=_tell_tuning,
    measure=_measure_tuning,
    measured=(_TUNED, _SOURCE, _AS_GOOD, _OPTIMISTIC, _DECAY),
    chinese={
        _TUNED: "在每一折之内重新选择的设置，得分低于（好于）书中的设置",
        _SOURCE: "原答案的选择得分低于（好于）书中的设置",
        _AS_GOOD: "在每一折之内重新选择的设置，得分与原答案的选择相同",
        _OPTIMISTIC: "调参所选设置的得分低于调参本身的得分",
        _DECAY: "在原答案的选择上，权重衰减 1 会降低得分",
    },
)
def tuning_by_folds(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Score a grid on folds, and on inner folds of each fold's training rows."""
    n = seeds or profile.pick(5, 10, 20)
    vary: Mapping[str, Sequence[Any]] = {
        "optim.lr": profile.pick((5.0, 15.0, 30.0), (5.0, 10.0, 15.0, 30.0)),
        "fit.batch_size": profile.pick((31, 64), (31, 64, 128)),
        "optim.weight_decay": profile.pick((0.0, 1.0), (0.0, 0.1, 1.0)),
    }
    base = LINEAR.with_value("fit.epochs", profile.pick(100, 200))

    def grid(name: str, inner: bool, n_seeds: int) -> Experiment:
        return Experiment(
            house_folds(n, "standardised", "price", inner=inner),
            base.with_value("rows", own_fold(inner)),
            vary=vary,
            seeds=n_seeds,
            name=f"4.10.4 {name}, {profile.name}",
        )

    return {
        "folds": grid("folds", False, n),
        "inner folds": grid("inner folds", True, n * tables.N_INNER),
    }


_CLEARLY = "an ensemble of small networks scores lower than the source's network"
_KAGGLE = "it scores lower than the 0.14961 that the source reached"
_ALONE = "one small network scores lower than the source's network"
_TOGETHER = "the ensemble scores lower than its members do on average"
_DEEP = "the network scores lower than a linear model trained in the same way"

ROBUST: Mapping[str, object] = {"scale": "smooth-clip", "log_skew": 0.75, "rare": 10}
"""The preparation of the small networks."""
SOURCE_LIKE = MLP(
    hidden=(330, 165, 82, 41), dropout=(0.0, 0.2, 0.4, 0.0), init="he-uniform:0.408248"
)
"""The source's network with a ReLU between its last two maps, and torch's first weights."""
SMALL = Run(
    net=MLP(hidden=(128, 64), dropout=(0.1, 0.1)),
    optim=AdamW(lr=0.002, weight_decay=3.0, decay_biases=False, schedule=Schedule(kind="cosine")),
    fit=Fit(epochs=40, batch_size=32, test="never"),
)


def _measure_better(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.house_networks import measure

    return measure(runs, _CLEARLY, _KAGGLE, _ALONE, _TOGETHER, _DEEP)


def _tell_better(results: Results) -> Findings:
    from mlplab.exercises.house_networks import tell

    return tell(results.runs, results.measured, results.progress)


@exercise(
    "4.10.5",
    slug="better-model",
    tell=_tell_better,
    measure=_measure_better,
    measured=(_CLEARLY, _KAGGLE, _ALONE, _TOGETHER, _DEEP),
    keeps=("small networks", "submission"),
    chinese={
        _CLEARLY: "小网络的集成得分低于（好于）原答案的网络",
        _KAGGLE: "它的得分低于（好于）原答案达到的 0.14961",
        _ALONE: "单个小网络的得分低于（好于）原答案的网络",
        _TOGETHER: "集成的得分低于（好于）各成员的平均",
        _DEEP: "网络的得分低于（好于）同样训练的线性模型",
    },
)
def better_model(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Set the source's network beside small ones: log price, bounded features, decay, members."""
    import mlplab.exercises.source_network  # noqa: F401  # registers the source's model
    from mlplab.specs import Module

    n = seeds or profile.pick(5, 10, 20)
    members = profile.pick(3, 5)
    variants: list[Mapping[str, Any]] = [
        {"net": MLP(hidden=(), init=Init(kind="zeros"))},
        {"optim.weight_decay": 0.01},
        {"net.dropout": ()},
        {"optim.schedule": Schedule()},
    ]
    exact = Module(name="house-source-net")
    source = LINEAR.replace(net=profile.pick(SOURCE_LIKE, exact), optim=Adam(lr=1e-4))
    small = house_folds(n, "declared", "centred log price", ROBUST)

    def name(part: str) -> str:
        return f"4.10.5 {part}, {profile.name}"

    return {
        "source": Experiment(
            house_folds(n, "standardised", "price"),
            source.with_value("fit.batch_size", 32).with_value("rows", own_fold()),
            seeds=n,
            name=name("the source's network"),
        ),
        "small networks": Experiment(
            small,
            SMALL,
            vary={"rows": tables.fold_blocks(n)},
            seeds=members,
            name=name("small networks"),
        ),
        "variants": Experiment(
            small,
            SMALL.with_value("rows", own_fold()),
            arms=variants[: profile.pick(2, 4)],
            seeds=n,
            name=name("variants"),
        ),
        "standardised": Experiment(
            house_folds(n, "plain", "centred log price", CHAPTER),
            SMALL.with_value("rows", own_fold()),
            seeds=n,
            name=name("the chapter's preparation"),
        ),
        "submission": Experiment(
            house_folds(0, "declared", "centred log price", ROBUST),
            SMALL.with_value("rows", Block(n=tables.N_ROWS)),
            seeds=members,
            name=name("submission"),
        ),
    }


_CONDITION = "without standardisation the features' condition number is over 1000 times larger"
_STABLE = "and the largest stable rate of gradient descent over a million times smaller"
_HIGHER = "without standardisation Adam at rate 5 scores higher than with it"
_JUMPS = "its score jumps more from epoch to epoch"
_DIVERGES = "SGD at rate 1e-8 diverges more often than at 1e-9, the stable rate lying between"
_FALLING = "without standardisation a falling rate lowers Adam's score"
_HUBER = "without standardisation the Huber loss lowers Adam's score"

FALLING = Schedule(kind="cosine")
RAW: Mapping[str, Mapping[str, Any]] = {
    "Adam 5": {},
    "Adam 5, falling": {"optim": Adam(lr=5.0, schedule=FALLING)},
    "Adam 5, Huber": {"fit.loss": "huber", "fit.huber_delta": 10_000.0},
    "Adam 5, absolute": {"fit.loss": "absolute"},
    "SGD 1e-9": {"optim": SGD(lr=1e-9)},
    "SGD 1e-8": {"optim": SGD(lr=1e-8)},
    "Adam 0.5": {"optim": Adam(lr=0.5)},
    "Adam 0.05": {"optim": Adam(lr=0.05)},
    "RMSprop 1": {"optim": RMSprop(lr=1.0)},
    "RMSprop 1, falling": {"optim": RMSprop(lr=1.0, schedule=FALLING)},
    "momentum 0.9, SGD 1e-9": {"optim": SGD(lr=1e-9, momentum=0.9)},
    "SGD 3, clipped": {"optim": SGD(lr=3.0, clip_norm=1.0)},
    "SGD 1e-4, absolute": {"optim": SGD(lr=1e-4), "fit.loss": "absolute"},
    "LARS": {"optim": LARS(lr=1.0)},
}
"""What is tried on features as they are; the first six in every profile."""
STANDARDISED: Mapping[str, Mapping[str, Any]] = {
    "Adam 5": {},
    "SGD 0.01": {"optim": SGD(lr=0.01)},
    "Adam 5, absolute": {"fit.loss": "absolute"},
    "RMSprop 5": {"optim": RMSprop(lr=5.0)},
}


def _prove_raw() -> Sequence[Checked]:
    from mlplab.exercises.house_raw import prove

    return prove(_CONDITION, _STABLE)


def _measure_raw(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.house_raw import measure

    return measure(runs, _HIGHER, _JUMPS, _DIVERGES, _FALLING, _HUBER)


def _tell_raw(results: Results) -> Findings:
    from mlplab.exercises.house_raw import tell

    return tell(results.runs, results.measured, RAW, STANDARDISED)


@exercise(
    "4.10.6",
    slug="no-standardisation",
    tell=_tell_raw,
    prove=_prove_raw,
    proofs=(_CONDITION, _STABLE),
    measure=_measure_raw,
    measured=(_HIGHER, _JUMPS, _DIVERGES, _FALLING, _HUBER),
    chinese={
        _CONDITION: "不标准化时，特征的条件数大 1000 倍以上",
        _STABLE: "梯度下降的最大稳定学习率小一百万倍以上",
        _HIGHER: "不标准化时，学习率为 5 的 Adam 得分高于（差于）标准化时",
        _JUMPS: "它的得分在轮与轮之间跳动更大",
        _DIVERGES: "学习率 1e-8 的 SGD 比 1e-9 更常发散，稳定的界限在两者之间",
        _FALLING: "不标准化时，递减的学习率降低 Adam 的得分",
        _HUBER: "不标准化时，Huber 损失降低 Adam 的得分",
    },
)
def no_standardisation(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Train the chapter's linear model on features as they are, by several optimisers."""
    n = n_repeats(profile.n_seeds, seeds)
    base = LINEAR.with_value("rows", own_fold())
    raw = list(RAW.values())[: profile.pick(6, len(RAW))]
    return {
        "raw": Experiment(
            house_folds(n, "raw", "price"),
            base,
            arms=raw,
            seeds=n,
            name=f"4.10.6 raw, {profile.name}",
        ),
        "standardised": Experiment(
            house_folds(n, "standardised", "price"),
            base,
            arms=list(STANDARDISED.values()),
            seeds=n,
            name=f"4.10.6 standardised, {profile.name}",
        ),
    }
