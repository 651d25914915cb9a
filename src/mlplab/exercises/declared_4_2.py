"""Section 4.2: multilayer perceptrons from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings, Results, exercise
from mlplab.exercises.source_setting import comparable
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.specs import (
    Chain,
    Difference,
    Interaction,
    TaskRef,
)

_DEPTHS = (1, 2, 3, 4)
_DEEPER = "each further hidden layer lowers test accuracy, as published"
_DEEPER_HE = "each further hidden layer lowers test accuracy, with He's initialisation"
_DEEPER_OWN = "each further hidden layer lowers test accuracy, each depth at its own rate"
_FOUR_HE = "four hidden layers with He's initialisation match one"
_FAULT = "depth costs more with the published initialisation than with He's"


def _layers(depth: int, init: str = "normal:0.01") -> dict[str, Any]:
    return {"net.hidden": (256,) * depth, "net.init": init}


def _tell_hidden_layers(results: Results) -> Findings:
    from mlplab.exercises.hidden_layers import tell

    runs = results.runs
    return tell(runs["one rate"], runs["rates"], runs["own rate"])


def _depths_at_their_rates(
    runs: Mapping[str, Runs], profile: Profile, seeds: int | None
) -> Mapping[str, Experiment]:
    chosen = best_per_level(runs["rates"], ["net.hidden"])
    arms = sorted(chosen.values(), key=lambda arm: len(_as_tuple(arm["net.hidden"])))
    return {
        "own rate": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            runs["rates"].experiment.base.with_value("fit.test", "end"),
            arms=arms,
            seeds=seeds or profile.n_seeds,
            claims=(Chain(says=_DEEPER_OWN, arms=tuple(arms)),),
            name=f"4.2.2 own rates, {profile.name}",
        )
    }


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


@exercise(
    "4.2.2",
    slug="hidden-layers",
    tell=_tell_hidden_layers,
    then=_depths_at_their_rates,
    later=(_DEEPER_OWN,),
    chinese={
        _DEEPER: "照搬原答案的设置时，每多一个隐藏层，测试准确率都会降低",
        _DEEPER_HE: "用 He 初始化时，每多一个隐藏层，测试准确率都会降低",
        _DEEPER_OWN: "各种深度各用自己的学习率时，每多一个隐藏层，测试准确率都会降低",
        _FOUR_HE: "用 He 初始化时，四个隐藏层与一个隐藏层相同",
        _FAULT: "加深的代价在原答案的初始化下比在 He 初始化下更大",
    },
)
def hidden_layers(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Add hidden layers as published and with He's initialisation, and at rates of their own."""
    base = comparable(profile)
    inits = ("normal:0.01", "he")
    deep = profile.pick((1, 2, 4), _DEPTHS)

    def chain(says: str, init: str) -> Chain:
        return Chain(says=says, arms=tuple(_layers(depth, init) for depth in deep))

    claims = (
        chain(_DEEPER, "normal:0.01"),
        chain(_DEEPER_HE, "he"),
        Difference(says=_FOUR_HE, arm=_layers(4, "he"), baseline=_layers(1, "he"), expect="same"),
        Interaction(
            says=_FAULT,
            both=_layers(4),
            only_a=_layers(4, "he"),
            only_b=_layers(1),
            neither=_layers(1, "he"),
            metric="test_accuracy",
            expect="lower",
        ),
    )
    task = TaskRef(name=source_setting.FASHION, valid=0.1)
    rates = profile.pick((0.1, 0.3), (0.03, 0.1, 0.3, 0.5))
    tuned = base.with_value("fit.test", "never").with_value("net.init", "he")
    return {
        "one rate": Experiment(
            task,
            base,
            arms=[_layers(depth, init) for init in inits for depth in deep],
            seeds=seeds or profile.n_seeds,
            claims=claims,
            fails={"train_accuracy": 0.15},
            name=f"4.2.2 one rate, {profile.name}",
        ),
        "rates": Experiment(
            task,
            tuned,
            vary={"net.hidden": [(256,) * depth for depth in deep], "optim.lr": rates},
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
            name=f"4.2.2 rates, {profile.name}",
        ),
    }


_DECAY = "a decaying rate beats every constant one"
_DECAYS = (
    "exponential:0.9",
    "step:3,0.5",
    "cosine",
    "polynomial:1",
    "warmup:1",
    "one-cycle",
    "plateau:0,0.5",
)
_COSINE = "cosine decay from three times the best constant rate beats that constant rate"
_WARM = "one epoch of warm-up changes nothing at the best constant rate"
_TOO_SMALL = "a hundredth of the best constant rate is worse"


def _tell_learning_rate(results: Results) -> Findings:
    from mlplab.exercises.learning_rate import tell

    runs = results.runs
    return tell(runs["constant rates"], runs["decaying rates"], runs["finals"])


def _decay_against_constant(
    runs: Mapping[str, Runs], profile: Profile, seeds: int | None
) -> Mapping[str, Experiment]:
    (constant,) = best_per_level(runs["constant rates"], []).values()
    (decaying,) = best_per_level(runs["decaying rates"], []).values()
    rate = float(constant["optim.lr"])
    best = {"optim.lr": rate, "optim.schedule": "constant"}
    decayed = {"optim.lr": decaying["optim.lr"], "optim.schedule": decaying["optim.schedule"]}
    arms: list[dict[str, Any]] = [
        best,
        decayed,
        {"optim.lr": 3 * rate, "optim.schedule": "cosine"},
        {"optim.lr": rate, "optim.schedule": "warmup:1"},
        {"optim.lr": rate / 100, "optim.schedule": "constant"},
    ]
    wordings = (_DECAY, _COSINE, _WARM, _TOO_SMALL)
    expected = ("higher", "higher", "same", "lower")
    claims = tuple(
        Difference(says=says, arm=arm, baseline=best, expect=expect)
        for says, arm, expect in zip(wordings, arms[1:], expected, strict=True)
    )
    unique = [arm for place, arm in enumerate(arms) if arm not in arms[:place]]
    return {
        "finals": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            runs["constant rates"].experiment.base.with_value("fit.test", "end"),
            arms=unique,
            seeds=seeds or profile.n_seeds,
            claims=claims,
            name=f"4.2.3 finals, {profile.name}",
        )
    }


@exercise(
    "4.2.3",
    slug="learning-rate",
    tell=_tell_learning_rate,
    then=_decay_against_constant,
    later=(_DECAY, _COSINE, _WARM, _TOO_SMALL),
    chinese={
        _DECAY: "衰减的学习率胜过任何恒定的学习率",
        _COSINE: "从最佳恒定学习率的三倍开始余弦衰减，胜过该恒定学习率",
        _WARM: "在最佳恒定学习率下，一轮预热不带来变化",
        _TOO_SMALL: "最佳恒定学习率的百分之一更差",
    },
)
def learning_rate(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Sweep constant and decaying rates with seeds that choose; others compare the chosen ones."""
    base = comparable(profile).with_value("fit.test", "never")
    task = TaskRef(name=source_setting.FASHION, valid=0.1)
    rates = profile.pick(
        (0.003, 0.03, 0.1, 0.3, 1.0), (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
    )
    decays = profile.pick(("cosine", "one-cycle", "plateau:0,0.5"), _DECAYS)
    high = profile.pick((0.3, 1.0), (0.1, 0.3, 0.5, 1.0))
    choosing = TUNING_SEEDS[: profile.pick(1, 3)]
    return {
        "constant rates": Experiment(
            task,
            base,
            vary={"optim.lr": rates},
            seeds=choosing,
            name=f"4.2.3 constant, {profile.name}",
        ),
        "decaying rates": Experiment(
            task,
            base,
            vary={"optim.schedule": decays, "optim.lr": high},
            seeds=choosing,
            name=f"4.2.3 decaying, {profile.name}",
        ),
    }
