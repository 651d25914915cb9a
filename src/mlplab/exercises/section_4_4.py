"""Section 4.4: model selection, underfitting and overfitting, on polynomials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured
from mlplab.exercises.polynomial_draws import N, n_draws
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings, exercise
from mlplab.experiment import Experiment, Runs
from mlplab.experiment.progress import Report
from mlplab.specs import MLP, SGD, Fit, Init, Own, Run, TaskRef

AS_PUBLISHED = Run(
    net=MLP(hidden=(), init=Init(kind="zeros")),
    optim=SGD(lr=0.01),
    fit=Fit(batch_size=10, epochs=400),
)
"""The source's setting: 400 epochs at rate 0.01 in batches of 10; weights start at 0 here."""

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


def _tell_exact(runs: Mapping[str, Runs], profile: Profile, progress: Report | None) -> Findings:
    from mlplab.exercises.exact_polynomial import tell

    return tell(runs["descent"], profile, _MEASURED)


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
