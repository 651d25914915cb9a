"""Section 4.10: house prices: a baseline and a submission, log prices as targets, gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises import house_tables as tables
from mlplab.exercises.house_tables import CHAPTER, house_folds, n_repeats, own_fold
from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings, Results, exercise
from mlplab.experiment import Experiment, Runs
from mlplab.specs import MLP, Adam, Block, Fit, Run

LINEAR = Run(
    net=MLP(hidden=()),
    optim=Adam(lr=5.0),
    fit=Fit(epochs=100, batch_size=64, last_batch="keep", test="never", measures=("house_score",)),
)
"""The chapter's model and training: squared error of prices, Adam with rate 5."""


def on_folds(
    name: str,
    base: Run,
    n: int,
    features: str,
    target: str,
    preparation: Mapping[str, object] | None = None,
    **more: Any,
) -> Experiment:
    """Return a design in which seed s trains and is scored on fold s of n.

    Args:
        name: its title in the store.
        base: what is trained, but for its rows.
        n: folds.
        features, target, preparation: as of `house_folds`.
        more: arms, or what varies.
    """
    return Experiment(
        house_folds(n, features, target, preparation),
        base.with_value("rows", own_fold()),
        seeds=n,
        name=name,
        **more,
    )


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
    published = LINEAR.with_value("fit.epochs", 300)
    return {
        "as published": on_folds(
            f"4.10.1 as published, {profile.name}", published, n, "standardised", "price"
        ),
        "training rows only": on_folds(
            f"4.10.1 training rows only, {profile.name}", LINEAR, n, "plain", "price", CHAPTER
        ),
        "submission": Experiment(
            house_folds(0, "standardised", "price"),
            LINEAR.with_value("rows", Block(n=tables.N_ROWS)),
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
        title = f"4.10.2 {name}, {profile.name}"
        return on_folds(title, base, n, features, target, preparation, **more)

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
