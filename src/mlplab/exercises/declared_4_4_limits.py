"""Section 4.4, continued: features without scaling, and whether the error can be zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.declared_4_4 import AS_PUBLISHED
from mlplab.exercises.feature_scaling import MOST, RATES, TERMS, TINY_RATES
from mlplab.exercises.least_error import EPOCHS
from mlplab.exercises.measured import Measured
from mlplab.exercises.polynomial_draws import N, n_draws
from mlplab.exercises.polynomial_terms import FRESH
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings, Results, exercise
from mlplab.experiment import Experiment, Runs
from mlplab.specs import SGD, Adam, Init, Own, TaskRef

_SQUARES = "the mean square of x^i is (2 i - 1)!! for standard normal x"
_SHRINKS = "with 1/i! the mean squares are at most 1 and fall from x on"
_UNSCALED = (
    "without 1/i! SGD with 20 terms diverges on every draw",
    "with 1/i! SGD with 20 terms diverges on no draw",
    "with 4 terms the training loss is the same without 1/i!",
    "without 1/i!, from weights 0, one of the rates 1e-4 to 1e-16 brings the training loss of "
    "20 terms below 1",
    "without 1/i!, from weights 0, Adam brings the training loss of 20 terms below 1",
    "without 1/i!, from weights 0, a clipped gradient brings the training loss of 20 terms below 1",
    "with standardised powers SGD with 20 terms diverges on no draw at rate 0.01",
    "with standardised powers SGD with 20 terms diverges on no draw at rate 0.003",
    "without 1/i! the first gradient of 20 terms is more than 10^4 times as large",
    "1/i! makes the largest stable rate more than 10^10 times as large",
    "1/i! lowers the condition number of 20 terms",
    "standardising lowers the condition number of 20 terms",
    "Legendre polynomials lower it further than standardising",
)
_LOWER = {
    name: f"at rates of their own, {features} have a lower held-out loss than powers over i!"
    for name, features in (
        ("standardised", "standardised powers"),
        ("Legendre", "Legendre polynomials"),
        ("Hermite", "Hermite polynomials"),
        ("clipped", "powers clipped at 10"),
    )
}


def _prove_scaling() -> Sequence[Checked]:
    from mlplab.exercises.feature_scaling import prove

    return prove(_SQUARES, _SHRINKS)


def _measure_scaling(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.feature_scaling import measure

    return measure(runs, profile, _UNSCALED, _LOWER)


def _tell_scaling(results: Results) -> Findings:
    from mlplab.exercises.feature_scaling_told import tell

    return tell(results.runs, results.profile, results.measured)


def _remedies(
    runs: Mapping[str, Runs], profile: Profile, seeds: int | None
) -> Mapping[str, Experiment]:
    from mlplab.exercises.feature_scaling import REMEDIES, remedy_arms, remedy_task

    raw = runs["raw"].experiment
    return {
        name: Experiment(
            remedy_task(raw.data, name),
            raw.base,
            arms=remedy_arms(),
            seeds=raw.seeds,
            name=f"4.4.3 {name}, {profile.name}",
        )
        for name in REMEDIES
    }


@exercise(
    "4.4.3",
    slug="feature-scaling",
    tell=_tell_scaling,
    then=_remedies,
    prove=_prove_scaling,
    proofs=(_SQUARES, _SHRINKS),
    measure=_measure_scaling,
    measured=(*_UNSCALED, *_LOWER.values()),
    chinese={
        _SQUARES: "x 服从标准正态分布时，x^i 的均方为 (2 i - 1)!!",
        _SHRINKS: "除以 i! 后，均方不超过 1，且从 x 起逐项下降",
        **dict(
            zip(
                _UNSCALED,
                (
                    "不除以 i! 时，20 项的 SGD 在每次抽样上都发散",
                    "除以 i! 时，20 项的 SGD 从不发散",
                    "4 项时，不除以 i! 的训练损失相同",
                    "不除以 i!、从零权重出发，1e-4 到 1e-16 的某个学习率使 20 项的训练损失低于 1",
                    "不除以 i!、从零权重出发，Adam 使 20 项的训练损失低于 1",
                    "不除以 i!、从零权重出发，梯度裁剪使 20 项的训练损失低于 1",
                    "幂标准化后，学习率 0.01 的 20 项 SGD 从不发散",
                    "幂标准化后，学习率 0.003 的 20 项 SGD 从不发散",
                    "不除以 i! 时，20 项的初始梯度大 10^4 倍以上",
                    "除以 i! 使最大稳定学习率大 10^10 倍以上",
                    "除以 i! 降低 20 项的条件数",
                    "标准化降低 20 项的条件数",
                    "勒让德多项式使条件数比标准化更低",
                ),
                strict=True,
            )
        ),
        _LOWER["standardised"]: "各用自己的学习率时，标准化的幂的留出损失低于除以 i! 的幂",
        _LOWER["Legendre"]: "各用自己的学习率时，勒让德多项式的留出损失低于除以 i! 的幂",
        _LOWER["Hermite"]: "各用自己的学习率时，埃尔米特多项式的留出损失低于除以 i! 的幂",
        _LOWER["clipped"]: "各用自己的学习率时，截断的幂的留出损失低于除以 i! 的幂",
    },
)
def feature_scaling(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Train on powers with and without 1/i!, try to rescue the latter, then other features."""
    n = seeds or n_draws(profile)
    base = AS_PUBLISHED.with_value("rows", Own(n=N, valid=FRESH))
    pool = (N + FRESH) * n
    raw = TaskRef(name="polynomial", params={"n_train": pool, "scaled": False})
    tries = [SGD(lr=rate) for rate in TINY_RATES]
    return {
        "raw": Experiment(
            raw,
            base,
            vary={"net.inputs": TERMS},
            seeds=n,
            name=f"4.4.3 without 1/i!, {profile.name}",
        ),
        "scaled": Experiment(
            TaskRef(name="polynomial", params={"n_train": pool}),
            base,
            arms=[
                *({"net.inputs": k, "optim.lr": base.optim.lr} for k in TERMS),
                *({"net.inputs": MOST, "optim.lr": r} for r in RATES if r != base.optim.lr),
            ],
            seeds=n,
            name=f"4.4.3 with 1/i!, {profile.name}",
        ),
        "rescue": Experiment(
            raw,
            base.with_value("net.init", Init(kind="zeros")).with_value("net.inputs", MOST),
            vary={"optim": [*tries, Adam(lr=0.001), Adam(lr=0.01), SGD(lr=0.01, clip_norm=1.0)]},
            seeds=n,
            name=f"4.4.3 without 1/i!, from 0, {profile.name}",
        ),
    }


_FORMULA = "the expected error is sigma^2 + (w - w*)^T M (w - w*), M the moments of x"
_POSITIVE = "M is positive definite: only the true weights have the error sigma^2, none a lower one"
_MISFIT = "3 terms for a cubic leave an error of at least w^2 / 6, w being the weight of x^3 / 3!"
_ERRORS = (
    "without noise least squares with 4 terms has an error below 1e-20 from 100 examples",
    "without noise least squares with 4 terms has an error below 1e-20 from 4 examples",
    "without noise 20 terms have an error below 1e-20 from 100 examples",
    "without noise SGD's held-out loss is below 1e-20 after 400 epochs",
    "without noise SGD's held-out loss is below 1e-20 after 3,000 epochs",
    "without noise 3 terms have an error below 5 from 1,000 examples",
    "with noise 4 terms from 1,000 examples err by 4/1000 of sigma^2 more than sigma^2",
    "the true polynomial's loss on 100 fresh examples is never below sigma^2",
    "with noise error and training loss are the same for 20 examples",
    "with noise error and training loss are the same for 1,000 examples",
)


def _prove_error() -> Sequence[Checked]:
    from mlplab.exercises.least_error import prove

    return prove(_FORMULA, _POSITIVE, _MISFIT)


def _measure_error(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.least_error import measure

    return measure(runs, profile, _ERRORS)


def _tell_error(results: Results) -> Findings:
    from mlplab.exercises.least_error_told import tell

    return tell(results.runs, results.profile, results.measured)


@exercise(
    "4.4.4",
    slug="least-error",
    tell=_tell_error,
    prove=_prove_error,
    proofs=(_FORMULA, _POSITIVE, _MISFIT),
    measure=_measure_error,
    measured=_ERRORS,
    chinese={
        _FORMULA: "期望误差为 sigma^2 + (w - w*)^T M (w - w*)，M 由 x 的矩组成",
        _POSITIVE: "M 正定：只有真实权重的误差为 sigma^2，没有更低的",
        _MISFIT: "用 3 项拟合三次多项式，误差至少为 w^2 / 6，w 是 x^3 / 3! 的权重",
        **dict(
            zip(
                _ERRORS,
                (
                    "没有噪声时，4 项最小二乘由 100 个样本得到的误差低于 1e-20",
                    "没有噪声时，4 项最小二乘由 4 个样本得到的误差低于 1e-20",
                    "没有噪声时，20 项由 100 个样本得到的误差低于 1e-20",
                    "没有噪声时，SGD 在 400 轮后的留出损失低于 1e-20",
                    "没有噪声时，SGD 在 3000 轮后的留出损失低于 1e-20",
                    "没有噪声时，3 项由 1000 个样本得到的误差低于 5",
                    "有噪声时，4 项由 1000 个样本得到的误差比 sigma^2 多其 4/1000",
                    "真实多项式在 100 个新样本上的损失从不低于 sigma^2",
                    "有噪声时，20 个样本的误差与训练损失相同",
                    "有噪声时，1000 个样本的误差与训练损失相同",
                ),
                strict=True,
            )
        ),
    },
)
def least_error(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Train the right number of terms for long, without noise and with it, in float64."""
    n = seeds or profile.pick(profile.n_seeds, n_draws(profile), n_draws(profile))
    base = AS_PUBLISHED.with_value("rows", Own(n=N, valid=FRESH))
    base = base.with_value("fit.dtype", "float64").with_value("fit.epochs", EPOCHS)

    def experiment(name: str, noise: float) -> Experiment:
        params = {"n_train": (N + FRESH) * n, "n_terms": 4, "noise": noise, "dtype": "float64"}
        title = f"4.4.4 {name}, {profile.name}"
        return Experiment(TaskRef(name="polynomial", params=params), base, seeds=n, name=title)

    return {"free": experiment("without noise", 0.0), "noisy": experiment("with noise", 0.1)}
