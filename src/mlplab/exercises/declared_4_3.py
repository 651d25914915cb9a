"""Section 4.3: the concise implementation: widths and rates, activations, initialisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.extra_runs import ExtraRuns, fresh_seeds_of_the_best
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings, Results, exercise
from mlplab.exercises.source_setting import AS_PUBLISHED, comparable
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import BestArm, Chain, Difference, TaskRef, Threshold

_ORDER = "ReLU is better than tanh, and tanh better than sigmoid"
_STUCK = "sigmoid's training loss stays above 0.5"
_GELU = "GELU is better than ReLU"
_LEAKY = "leaky ReLU and ReLU give the same test accuracy"
_OWN_ORDER = "at rates of their own, ReLU is better than tanh, and tanh better than sigmoid"
_OWN_STUCK = "at a rate of its own, sigmoid's training loss stays above 0.5"
_OWN_SIGMOID = "a rate of its own raises sigmoid's test accuracy by more than choosing ReLU does"

ACTIVATIONS = (
    "relu",
    "tanh",
    "sigmoid",
    "gelu",
    "silu",
    "elu",
    "leaky-relu",
    "prelu",
    "softplus",
)


def _tell_activations(results: Results) -> Findings:
    from mlplab.exercises.activations_compared import tell

    runs = results.runs
    return tell(runs["same rate"], runs["rates"], runs["own rate"])


def _own_rates(
    runs: Mapping[str, Runs], profile: Profile, seeds: int | None
) -> Mapping[str, Experiment]:
    chosen = best_per_level(runs["rates"], ["net.activation"])
    arms = {level[0]: found for level, found in chosen.items()}

    base = runs["rates"].experiment.base
    claims = (
        Chain(
            says=_OWN_ORDER,
            arms=(arms["relu"], arms["tanh"], arms["sigmoid"]),
            metric="test_accuracy",
        ),
        Threshold(
            says=_OWN_STUCK, arm=arms["sigmoid"], metric="train_loss", value=0.5, expect="higher"
        ),
        Difference(
            says=_OWN_SIGMOID,
            arm=arms["sigmoid"],
            baseline={"net.activation": "relu", "optim.lr": AS_PUBLISHED.optim.lr},
            metric="test_accuracy",
            expect="higher",
        ),
    )
    usual = {"net.activation": "relu", "optim.lr": AS_PUBLISHED.optim.lr}
    extra = [] if usual in arms.values() else [usual]
    return {
        "own rate": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            base.with_value("fit.test", "end"),
            arms=[*arms.values(), *extra],
            seeds=seeds or profile.n_seeds,
            claims=claims,
            name=f"4.3.2 own rates, {profile.name}",
        )
    }


@exercise(
    "4.3.2",
    slug="activations",
    tell=_tell_activations,
    then=_own_rates,
    later=(_OWN_ORDER, _OWN_STUCK, _OWN_SIGMOID),
    chinese={
        _ORDER: "ReLU 优于 tanh，tanh 优于 sigmoid",
        _STUCK: "sigmoid 的训练损失始终高于 0.5",
        _GELU: "GELU 优于 ReLU",
        _LEAKY: "leaky ReLU 与 ReLU 的测试准确率相同",
        _OWN_ORDER: "各用自己的学习率时，ReLU 优于 tanh，tanh 优于 sigmoid",
        _OWN_STUCK: "用自己的学习率时，sigmoid 的训练损失始终高于 0.5",
        _OWN_SIGMOID: "sigmoid 换用自己的学习率，测试准确率便超过学习率 0.1 的 ReLU",
    },
)
def activations(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Compare activations at the chapter's rate, and find each one's own on validation rows."""
    names = profile.pick(("relu", "tanh", "sigmoid", "gelu", "leaky-relu"), ACTIVATIONS)
    rates = profile.pick((0.1, 0.5), (0.03, 0.1, 0.3, 1.0))
    base = comparable(profile)
    n_seeds = seeds or profile.n_seeds

    def arm(name: str) -> dict[str, Any]:
        return {"net.activation": name}

    claims = (
        Chain(says=_ORDER, arms=(arm("relu"), arm("tanh"), arm("sigmoid"))),
        Threshold(says=_STUCK, arm=arm("sigmoid"), metric="train_loss", value=0.5, expect="higher"),
        Difference(says=_GELU, arm=arm("gelu"), baseline=arm("relu"), expect="higher"),
        Difference(says=_LEAKY, arm=arm("leaky-relu"), baseline=arm("relu"), expect="same"),
    )
    task = TaskRef(name=source_setting.FASHION, valid=0.1)
    return {
        "same rate": Experiment(
            task,
            base,
            arms=[arm(name) for name in names],
            seeds=n_seeds,
            claims=claims,
            name=f"4.3.2 one rate, {profile.name}",
        ),
        "rates": Experiment(
            task,
            base.with_value("fit.test", "never"),
            vary={"net.activation": names, "optim.lr": rates},
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
            name=f"4.3.2 rates, {profile.name}",
        ),
    }


_IDENTITY = "the identity matrix is the best initialisation"
_SMALL = "He's initialisation is better than the chapter's small normal weights"
_WIDE = "weights uniform from -1 to 1 are worse than He's initialisation"
_SAME = "He's, Xavier's and orthogonal initialisation give the same test accuracy"
_ZERO = "weights that all begin at zero stay at chance"

INITIALISATIONS = (
    "normal:0.01",
    "identity",
    "uniform:-1,1",
    "xavier",
    "he",
    "orthogonal",
    "constant:0.01",
    "zeros",
)


def _tell_initialisations(results: Results) -> Findings:
    from mlplab.exercises.initialisations import tell

    return tell(results.runs["initialisations"], results.profile, results.progress)


@exercise(
    "4.3.3",
    slug="initialisations",
    tell=_tell_initialisations,
    extra_runs=[ExtraRuns("fresh seeds", "initialisations", fresh_seeds_of_the_best)],
    chinese={
        _IDENTITY: "单位矩阵是最好的初始化",
        _SMALL: "He 初始化优于书中很小的正态权重",
        _WIDE: "-1 到 1 的均匀分布不如 He 初始化",
        _SAME: "He、Xavier 与正交初始化的测试准确率相同",
        _ZERO: "全零的初始权重停留在随机猜测的水平",
    },
)
def initialisations(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Compare ways to draw the first weights; what never leaves chance counts as failed."""
    base = comparable(profile)

    def arm(text: str) -> dict[str, Any]:
        return {"net.init": text}

    working = [arm(text) for text in INITIALISATIONS if not text.startswith(("zeros", "constant"))]
    claims = (
        BestArm(says=_IDENTITY, arm=arm("identity"), arms=tuple(working), metric="valid_accuracy"),
        Difference(says=_SMALL, arm=arm("he"), baseline=arm("normal:0.01"), expect="higher"),
        Difference(says=_WIDE, arm=arm("uniform:-1,1"), baseline=arm("he"), expect="lower"),
        Chain(says=_SAME, arms=(arm("he"), arm("xavier"), arm("orthogonal")), expect="same"),
        Threshold(
            says=_ZERO, arm=arm("zeros"), metric="train_accuracy", value=0.15, expect="lower"
        ),
    )
    return {
        "initialisations": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            base,
            arms=[arm(text) for text in INITIALISATIONS],
            seeds=seeds or profile.n_seeds,
            claims=claims,
            name=f"4.3.3 initialisations, {profile.name}",
        )
    }


_PUBLISHED_BEST = "256 units and rate 0.1 are the best setting of the grid"
_BETTER = "the grid's best setting has a higher test accuracy than 256 units at rate 0.1"
_HOT = "at rate 100 the training loss ends above its value without any training"


def _tell_width_and_rate(results: Results) -> Findings:
    from mlplab.exercises.width_and_rate import tell

    runs = results.runs
    return tell(runs["grid"], runs["hot"], runs["finalists"], results.profile, results.progress)


def _grid_finalists(
    runs: Mapping[str, Runs], profile: Profile, seeds: int | None
) -> Mapping[str, Experiment]:
    grid = runs["grid"]
    ranked = sorted(
        (
            one
            for one in grid.summary("valid_accuracy")
            if not one.n_failed and one.mean == one.mean
        ),
        key=lambda one: -one.mean,
    )
    published = {"net.hidden": 256, "optim.lr": 0.1}
    arms = [dict(one.factors) for one in ranked[: profile.pick(2, 4)]]
    arms = [published, *(arm for arm in arms if arm != published)]
    claims = (
        BestArm(says=_PUBLISHED_BEST, arm=published, arms=tuple(arms), metric="valid_accuracy"),
        Difference(says=_BETTER, arm=arms[1], baseline=published, expect="higher"),
    )
    return {
        "finalists": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            grid.experiment.base.with_value("fit.test", "end"),
            arms=arms,
            seeds=seeds or profile.n_seeds,
            claims=claims,
            name=f"4.3.1 finalists, {profile.name}",
        )
    }


@exercise(
    "4.3.1",
    slug="width-and-rate",
    tell=_tell_width_and_rate,
    then=_grid_finalists,
    later=(_PUBLISHED_BEST, _BETTER),
    chinese={
        _PUBLISHED_BEST: "256 个单元与学习率 0.1 是网格中最好的设置",
        _BETTER: "网格中的最佳设置在测试集上优于 256 个单元与学习率 0.1",
        _HOT: "学习率为 100 时，训练损失最终高于完全不训练时的值",
    },
)
def width_and_rate(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Try every width with every rate; the finalists get seeds of their own."""
    base = comparable(profile)
    task = TaskRef(name=source_setting.FASHION, valid=0.1)
    widths = profile.pick((16, 256, 512), (16, 32, 64, 128, 256, 512))
    rates = profile.pick((0.001, 0.1, 0.5, 10.0), (1e-4, 1e-3, 0.01, 0.1, 0.3, 1.0, 10.0, 100.0))
    hot = {"net.hidden": (256,), "optim.lr": 100.0}
    return {
        "grid": Experiment(
            task,
            base.with_value("fit.test", "never"),
            vary={"net.hidden": [(width,) for width in widths], "optim.lr": rates},
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
            name=f"4.3.1 grid, {profile.name}",
        ),
        "hot": Experiment(
            task,
            base,
            arms=[hot],
            seeds=seeds or profile.n_seeds,
            claims=(
                Threshold(says=_HOT, arm=hot, metric="train_loss", value=2.302585, expect="higher"),
            ),
            name=f"4.3.1 hot, {profile.name}",
        ),
    }
