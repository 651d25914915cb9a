"""Section 4.5: weight decay: what it does, how to choose it, its relatives and its meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings, Results, exercise
from mlplab.experiment import Experiment, Runs

_TRACE = "the squared Frobenius norm of a matrix is the trace of W^T W"
_BOTH = "it is the trace of W W^T and the sum of the squared singular values as well"
_SLOPE = "its derivative is 2 W, so that weight decay shrinks every entry by the same factor"
_VECTOR = "the source's form, the root of w^T w, is the norm of a vector"
_ROOT = "for a matrix, the trace of the root of W^T W is the Frobenius norm"


def _prove_norm() -> Sequence[Checked]:
    from mlplab.exercises.frobenius import prove

    return prove(_TRACE, _BOTH, _SLOPE, _VECTOR, _ROOT)


def _tell_norm(results: Results) -> Findings:
    from mlplab.exercises.frobenius import tell

    return tell()


@exercise(
    "4.5.4",
    slug="frobenius-norm",
    kind="exact",
    tell=_tell_norm,
    prove=_prove_norm,
    proofs=(_TRACE, _BOTH, _SLOPE, _VECTOR, _ROOT),
    chinese={
        _TRACE: "矩阵的佛罗贝尼乌斯范数的平方等于 W^T W 的迹",
        _BOTH: "它也等于 W W^T 的迹和奇异值的平方和",
        _SLOPE: "它的导数是 2 W，因此权重衰减把每个元素缩小同样的倍数",
        _VECTOR: "原答案的形式，即 w^T w 的平方根，是向量的范数",
        _ROOT: "对矩阵而言，W^T W 的平方根之迹等于佛罗贝尼乌斯范数",
    },
)
def frobenius_norm(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is trained: the identity is checked by algebra and on random matrices."""
    return {}


_CLOSES = "the gap between test and training loss is smaller at lambda 10 than at 0"
_FURTHER = "it is smaller still at lambda 100"
_NEVER = "at lambda 100 a gap is left"
_KEPT = "at lambda 2 the source's sweep, which keeps the weights, shows a lower test loss"
_FRESH = "at lambda 1 training from fresh weights gives the test loss of exact ridge"
_ZERO = "at lambda 1 training from 0 gives the test loss of exact ridge"
_AT_20 = "at lambda 20 training from fresh weights gives the test loss of exact ridge"


def _measure_decay(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.decay_sweep import measure

    return measure(profile, _CLOSES, _FURTHER, _NEVER, _KEPT, _FRESH, _ZERO, _AT_20)


def _tell_decay(results: Results) -> Findings:
    from mlplab.exercises.decay_told import tell

    return tell(results.profile, results.measured)


@exercise(
    "4.5.1",
    slug="decay-sweep",
    kind="exact",
    tell=_tell_decay,
    measure=_measure_decay,
    measured=(_CLOSES, _FURTHER, _NEVER, _KEPT, _FRESH, _ZERO, _AT_20),
    chinese={
        _CLOSES: "lambda 为 10 时测试损失与训练损失的差距小于 lambda 为 0 时",
        _FURTHER: "lambda 为 100 时差距更小",
        _NEVER: "lambda 为 100 时差距仍然存在",
        _KEPT: "lambda 为 2 时，沿用权重的原答案显示出更低的测试损失",
        _FRESH: "lambda 为 1 时，重新取权重的训练得到精确岭回归的测试损失",
        _ZERO: "lambda 为 1 时，从 0 出发的训练得到精确岭回归的测试损失",
        _AT_20: "lambda 为 20 时，重新取权重的训练得到精确岭回归的测试损失",
    },
)
def decay_sweep(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is kept as runs: thousands of linear models are trained within the exercise."""
    return {}


_UPDATE = "off zero, the source's update is a gradient step on the squares plus lambda ||w||_1"
_PROX = "the soft threshold of v is the w with the least (w - v)^2 / 2 + t |w|"
_REFERENCE = "coordinate descent gives the weights of scikit-learn's Lasso"
_NONE = "from weights 0, the source's rule leaves no weight exactly 0"
_MOST = "the soft threshold leaves more than half of the weights exactly 0"
_ABOVE = "the source's rule at a constant rate stays more than 1 % above the least objective"
_FASTER = "after 100 steps acceleration is nearer to the minimum than the plain soft threshold"
_AGREE = "the accelerated soft threshold ends with as many zeros as coordinate descent"


def _prove_lasso() -> Sequence[Checked]:
    from mlplab.exercises.lasso_ways import prove

    return prove(_UPDATE, _PROX, _REFERENCE)


def _measure_lasso(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.lasso_ways import measure

    return measure(profile, _NONE, _MOST, _ABOVE, _FASTER, _AGREE)


def _tell_lasso(results: Results) -> Findings:
    from mlplab.exercises.lasso_ways import tell

    return tell(results.profile, results.measured)


@exercise(
    "4.5.3",
    slug="lasso-update",
    kind="exact",
    tell=_tell_lasso,
    prove=_prove_lasso,
    proofs=(_UPDATE, _PROX, _REFERENCE),
    measure=_measure_lasso,
    measured=(_NONE, _MOST, _ABOVE, _FASTER, _AGREE),
    chinese={
        _UPDATE: "权重不为零时，原答案的更新是对平方误差加 lambda ||w||_1 的一步梯度下降",
        _PROX: "v 的软阈值就是使 (w - v)^2 / 2 + t |w| 最小的 w",
        _REFERENCE: "坐标下降得到 scikit-learn 的 Lasso 的权重",
        _NONE: "从零权重出发，原答案的规则不使任何权重恰好为 0",
        _MOST: "软阈值使一半以上的权重恰好为 0",
        _ABOVE: "学习率不变时，原答案的规则始终比最小的目标函数值高出 1 % 以上",
        _FASTER: "100 步之后，加速方法比普通的软阈值更接近最小值",
        _AGREE: "加速的软阈值最终得到的零与坐标下降一样多",
    },
)
def lasso_update(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is kept as runs: the lasso is solved in four ways on many draws."""
    return {}


_IS_BEST = "the lambda that 5 held-out examples choose is as good as the best for the draw"
_NO_OVERFIT = "it has a lower risk than the smallest lambda, which fits the training rows best"
_MORE_DATA = "chosen by 100 further examples, lambda has a lower risk than chosen by 5 held out"
_ONE_OUT = "chosen by leave-one-out, lambda has a lower risk than chosen by 5 held out"
_CROSS = "5-fold and leave-one-out choices have the same risk"


def _measure_choice(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.chosen_decay import measure

    return measure(profile, _IS_BEST, _NO_OVERFIT, _MORE_DATA, _ONE_OUT, _CROSS)


def _tell_choice(results: Results) -> Findings:
    from mlplab.exercises.chosen_decay import tell

    return tell(results.profile, results.measured)


@exercise(
    "4.5.2",
    slug="chosen-decay",
    kind="exact",
    tell=_tell_choice,
    measure=_measure_choice,
    measured=(_IS_BEST, _NO_OVERFIT, _MORE_DATA, _ONE_OUT, _CROSS),
    chinese={
        _IS_BEST: "留出的 5 个样本选出的 lambda 与本次数据的最佳值一样好",
        _NO_OVERFIT: "它的风险低于最贴合训练样本的最小 lambda",
        _MORE_DATA: "另取 100 个样本选出的 lambda，其风险低于留出 5 个样本选出的",
        _ONE_OUT: "留一法选出的 lambda，其风险低于留出 5 个样本选出的",
        _CROSS: "5 折与留一法选出的 lambda 风险相同",
    },
)
def chosen_decay(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is trained: ridge is solved exactly for every lambda, fold and draw."""
    return {}


_GAUSSIAN = "with prior N(0, tau^2) the most probable weights are ridge's, lambda = s^2 / (N tau^2)"
_LAPLACE = "with a Laplace prior of scale b they are the lasso's, lambda = s^2 / (N b)"
_ALONE = "the prior alone decides lambda"
_MEAN = "samples drawn by the slope of the log posterior have the mean of the closed form"
_SPREAD = "they have the variance of the closed form"
_COVERAGE = "95 % predictive intervals hold 95 % of new targets"
_LAPLACE_MEAN = "under the Laplace prior the posterior's mean has a lower risk than its maximum"


def _prove_priors() -> Sequence[Checked]:
    from mlplab.exercises.weight_priors import prove

    return prove(_GAUSSIAN, _LAPLACE, _ALONE)


def _measure_priors(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.weight_priors import measure

    return measure(profile, _MEAN, _SPREAD, _COVERAGE, _LAPLACE_MEAN)


def _tell_priors(results: Results) -> Findings:
    from mlplab.exercises.weight_priors import tell

    return tell(results.profile, results.measured)


@exercise(
    "4.5.6",
    slug="weight-priors",
    kind="exact",
    tell=_tell_priors,
    prove=_prove_priors,
    proofs=(_GAUSSIAN, _LAPLACE, _ALONE),
    measure=_measure_priors,
    measured=(_MEAN, _SPREAD, _COVERAGE, _LAPLACE_MEAN),
    chinese={
        _GAUSSIAN: "先验为 N(0, tau^2) 时，最大后验权重就是岭回归的权重，lambda = s^2 / (N tau^2)",
        _LAPLACE: "先验为尺度 b 的拉普拉斯分布时，它就是 lasso 的权重，lambda = s^2 / (N b)",
        _ALONE: "lambda 仅由先验决定",
        _MEAN: "只凭对数后验的梯度抽出的样本，均值与闭式解相同",
        _SPREAD: "其方差也与闭式解相同",
        _COVERAGE: "95 % 预测区间包含 95 % 的新目标值",
        _LAPLACE_MEAN: "拉普拉斯先验下，后验均值的风险低于后验的最大值点",
    },
)
def weight_priors(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is trained: posteriors are solved and sampled."""
    return {}


_LOWERS = {
    "stopping": "from the source's first weights, stopping at the least validation error lowers "
    "the risk",
    "decay": "from there weight decay lowers the risk",
    "dropout": "from there dropout of inputs lowers the risk",
    "noise": "from there noise on the inputs lowers the risk",
    "inputs": "from there a model of fewer inputs lowers the risk",
    "members": "from there the mean of 10 models lowers the risk",
    "data": "from there 400 examples in place of 20 lower the risk",
}
_START = "starting at 0 alone lowers the risk"
_STOPPED = "from 0, stopping at the least validation error lowers the risk"
_RIDGE = "from 0, stopping after t steps has the risk of ridge with lambda = 1 / (rate t)"


def _measure_remedies(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.remedies import measure

    return measure(profile, _LOWERS, _START, _STOPPED, _RIDGE)


def _tell_remedies(results: Results) -> Findings:
    from mlplab.exercises.remedies_told import tell

    return tell(results.profile, results.measured, tuple(_LOWERS))


@exercise(
    "4.5.5",
    slug="overfitting-remedies",
    kind="exact",
    tell=_tell_remedies,
    measure=_measure_remedies,
    measured=(*_LOWERS.values(), _START, _STOPPED, _RIDGE),
    chinese={
        _LOWERS["stopping"]: "从原答案的初始权重出发，在验证误差最低处停止会降低风险",
        _LOWERS["decay"]: "从那里出发，权重衰减会降低风险",
        _LOWERS["dropout"]: "从那里出发，输入的暂退会降低风险",
        _LOWERS["noise"]: "从那里出发，给输入加噪声会降低风险",
        _LOWERS["inputs"]: "从那里出发，输入更少的模型会降低风险",
        _LOWERS["members"]: "从那里出发，10 个模型取平均会降低风险",
        _LOWERS["data"]: "从那里出发，用 400 个样本代替 20 个会降低风险",
        _START: "仅仅从 0 出发就会降低风险",
        _STOPPED: "从 0 出发，在验证误差最低处停止会降低风险",
        _RIDGE: "从 0 出发，走 t 步停止的风险等于 lambda = 1 / (学习率 × t) 的岭回归",
    },
)
def overfitting_remedies(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is kept as runs: linear models are trained under each remedy in the exercise."""
    return {}
