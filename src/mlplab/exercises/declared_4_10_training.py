"""Section 4.10, continued: settings by folds, better networks, features as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises import house_tables as tables
from mlplab.exercises.declared_4_10 import LINEAR, on_folds
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
    small = ("declared", "centred log price", ROBUST)

    def name(part: str) -> str:
        return f"4.10.5 {part}, {profile.name}"

    return {
        "source": on_folds(
            name("the source's network"),
            source.with_value("fit.batch_size", 32),
            n,
            "standardised",
            "price",
        ),
        "small networks": Experiment(
            house_folds(n, *small),
            SMALL,
            vary={"rows": tables.fold_blocks(n)},
            seeds=members,
            name=name("small networks"),
        ),
        "variants": on_folds(
            name("variants"), SMALL, n, *small, arms=variants[: profile.pick(2, 4)]
        ),
        "standardised": on_folds(
            name("the chapter's preparation"), SMALL, n, "plain", "centred log price", CHAPTER
        ),
        "submission": Experiment(
            house_folds(0, *small),
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
    raw = list(RAW.values())[: profile.pick(6, len(RAW))]
    return {
        "raw": on_folds(f"4.10.6 raw, {profile.name}", LINEAR, n, "raw", "price", arms=raw),
        "standardised": on_folds(
            f"4.10.6 standardised, {profile.name}",
            LINEAR,
            n,
            "standardised",
            "price",
            arms=list(STANDARDISED.values()),
        ),
    }
