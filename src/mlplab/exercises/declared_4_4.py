"""Section 4.4: model selection, underfitting and overfitting, on polynomials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured
from mlplab.exercises.polynomial_draws import N, n_draws
from mlplab.exercises.polynomial_terms import (
    FEW,
    FRESH,
    MANY,
    SIZES,
    SOURCE_TERMS,
    TERMS,
    epochs_for,
)
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings, Results, exercise
from mlplab.experiment import Experiment, Runs
from mlplab.specs import MLP, SGD, Fit, Init, Own, Run, TaskRef

AS_PUBLISHED = Run(
    # Uniform within 1 / sqrt(inputs), as torch's linear layer starts.
    net=MLP(hidden=(), init=Init(kind="he-uniform", scale=6**-0.5)),
    optim=SGD(lr=0.01),
    fit=Fit(batch_size=10, epochs=400, test="never"),
)
"""The source's setting: 400 epochs at rate 0.01 in batches of 10."""

_NORMAL = "the squared error is least exactly where the normal equations hold"
_UNIQUE = "the solution is unique if and only if the x take at least as many values as terms"
_PRINTED = "the matrix that the source prints has an inverse"
_MEASURED = (
    "with 20 terms, QR keeps more digits than the normal equations",
    "with 20 terms, the normal equations keep less than one digit",
    "with 20 terms, the SVD keeps as many digits as QR",
    "with 4 terms, 400 epochs of SGD end at the least training loss",
    "with 20 terms, 400 epochs of SGD end at the least training loss",
    "with 20 terms, a ridge penalty of 1e-4 lowers the test loss",
)


def _prove_exact() -> Sequence[Checked]:
    from mlplab.exercises.exact_polynomial import prove

    return prove(_NORMAL, _UNIQUE, _PRINTED)


def _measure_exact(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.exact_polynomial import measure

    return measure(runs["descent"], profile, _MEASURED)


def _tell_exact(results: Results) -> Findings:
    from mlplab.exercises.exact_polynomial import tell

    return tell(results.runs["descent"], results.profile, results.measured)


@exercise(
    "4.4.1",
    slug="exact-polynomial",
    tell=_tell_exact,
    prove=_prove_exact,
    proofs=(_NORMAL, _UNIQUE, _PRINTED),
    measure=_measure_exact,
    measured=_MEASURED,
    chinese={
        _NORMAL: "平方误差恰好在正规方程成立处最小",
        _UNIQUE: "当且仅当 x 取到的不同值不少于项数时，解唯一",
        _PRINTED: "原答案写出的矩阵可逆",
        _MEASURED[0]: "20 项时，QR 保留的数字多于正规方程",
        _MEASURED[1]: "20 项时，正规方程保留的数字不到一位",
        _MEASURED[2]: "20 项时，SVD 保留的数字与 QR 一样多",
        _MEASURED[3]: "4 项时，400 轮 SGD 到达最小的训练损失",
        _MEASURED[4]: "20 项时，400 轮 SGD 到达最小的训练损失",
        _MEASURED[5]: "20 项时，1e-4 的岭惩罚降低测试损失",
    },
)
def exact_polynomial(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Solve exactly, and train the same models as the source does; each seed has its own data."""
    n = seeds or n_draws(profile)
    return {
        "descent": Experiment(
            TaskRef(name="polynomial", params={"n_train": N * n}),
            AS_PUBLISHED.with_value("rows", Own(n=N)),
            vary={"net.inputs": [4, 20]},
            seeds=n,
            name=f"4.4.1 descent, {profile.name}",
        )
    }


_ENOUGH = "n terms bring the training loss of n examples with different x to 0"
_FEWER = "n - 1 terms bring the training loss of n examples to 0 whatever the targets are"
_ALONG = (
    "up to 4 terms every further term lowers SGD's training loss",
    "from 4 to 20 terms SGD's training loss stays the same",
    "with 20 terms SGD's training loss is of the order of 0.01",
    "from 4 to 20 terms the least training loss falls by 16/100 of the noise's variance",
    "with 20 terms SGD's held-out loss is higher than with 4",
    "with 20 terms SGD's held-out loss is lower than that of least squares",
    "in float64 8 terms bring the training loss of 8 examples below 1e-15",
    "in float64 100 terms bring the training loss of 100 examples below 1e-15",
    "with 20 terms for 20 examples, 400 epochs of SGD bring the training loss to 0",
    "with 16 terms the least training loss is higher for 1,000 examples than for 100",
    "with 16 terms SGD's training loss is lower for 1,000 examples than for 100",
    "with 16 terms and as many steps SGD's training loss is lower for 1,000 examples than for 100",
    "with 16 terms SGD's held-out loss is lower for 1,000 examples than for 100",
    "with 16 terms and as many steps SGD's held-out loss is lower for 1,000 examples than for 100",
    "for 20 examples the smallest solution's held-out loss is lower with 400 terms than with 25",
    "for 20 examples the smallest solution's held-out loss is lower with 400 terms than with 4",
)


def _prove_terms() -> Sequence[Checked]:
    from mlplab.exercises.polynomial_terms import prove

    return prove(_ENOUGH, _FEWER)


def _measure_terms(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.polynomial_terms import measure

    return measure(runs, profile, _ALONG)


def _tell_terms(results: Results) -> Findings:
    from mlplab.exercises.polynomial_terms_told import tell

    return tell(results.runs, results.profile, results.measured)


@exercise(
    "4.4.2",
    slug="polynomial-degree",
    tell=_tell_terms,
    prove=_prove_terms,
    proofs=(_ENOUGH, _FEWER),
    measure=_measure_terms,
    measured=_ALONG,
    chinese={
        _ENOUGH: "n 个 x 各不相同的样本，用 n 项即可把训练损失降到 0",
        _FEWER: "无论目标取什么值，n - 1 项也能把 n 个样本的训练损失降到 0",
        **dict(
            zip(
                _ALONG,
                (
                    "4 项以内，每多一项都降低 SGD 的训练损失",
                    "从 4 项到 20 项，SGD 的训练损失不变",
                    "20 项时，SGD 的训练损失在 0.01 的数量级",
                    "从 4 项到 20 项，最小的训练损失下降噪声方差的 16/100",
                    "20 项时 SGD 的留出损失高于 4 项",
                    "20 项时 SGD 的留出损失低于最小二乘解",
                    "float64 下，8 项把 8 个样本的训练损失降到 1e-15 以下",
                    "float64 下，100 项把 100 个样本的训练损失降到 1e-15 以下",
                    "20 个样本用 20 项，400 轮 SGD 把训练损失降到 0",
                    "16 项时，1000 个样本的最小训练损失高于 100 个",
                    "16 项时，1000 个样本的 SGD 训练损失低于 100 个",
                    "16 项、步数相同时，1000 个样本的 SGD 训练损失低于 100 个",
                    "16 项时，1000 个样本的 SGD 留出损失低于 100 个",
                    "16 项、步数相同时，1000 个样本的 SGD 留出损失低于 100 个",
                    "20 个样本时，最小解的留出损失在 400 项时低于 25 项时",
                    "20 个样本时，最小解的留出损失在 400 项时低于 4 项时",
                ),
                strict=True,
            )
        ),
    },
)
def polynomial_degree(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Train as the source does along terms, along data, and with as many terms as examples."""
    n = seeds or n_draws(profile)
    few = seeds or profile.pick(profile.n_seeds, n)
    stride = max(SIZES) + FRESH

    def task(rows: int) -> TaskRef:
        return TaskRef(name="polynomial", params={"n_train": rows})

    grid = [(terms, size, 400) for size in SIZES for terms in SOURCE_TERMS]
    grid += [(MANY, size, epochs_for(size)) for size in SIZES if size != N]
    return {
        "terms": Experiment(
            task((N + FRESH) * n),
            AS_PUBLISHED.with_value("rows", Own(n=N, valid=FRESH)),
            vary={"net.inputs": TERMS},
            seeds=n,
            name=f"4.4.2 along terms, {profile.name}",
        ),
        "data": Experiment(
            task(stride * few),
            AS_PUBLISHED,
            arms=[
                {
                    "net.inputs": terms,
                    "rows": Own(n=size, valid=FRESH, stride=stride),
                    "fit.epochs": epochs,
                }
                for terms, size, epochs in grid
            ],
            seeds=few,
            name=f"4.4.2 along data, {profile.name}",
        ),
        "tiny": Experiment(
            task((FEW + FRESH) * n),
            AS_PUBLISHED.with_value("rows", Own(n=FEW, valid=FRESH)),
            vary={"net.inputs": [FEW]},
            seeds=n,
            name=f"4.4.2 as many terms as examples, {profile.name}",
        ),
    }
