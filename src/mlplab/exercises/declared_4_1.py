"""Section 4.1: multilayer perceptrons: what activations are, exactly, and one over a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.extra_runs import ExtraRuns
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings, Results, exercise
from mlplab.experiment import Experiment
from mlplab.experiment.design import Cell
from mlplab.specs import Difference, First, Interaction, TaskRef
from mlplab.store import Store

_SIDES = "pReLU's derivative is 1 for x above 0 and alpha for x below 0"
_ALPHA = "its derivative with respect to alpha is min(x, 0)"
_AT_ZERO = "at x = 0 its derivative is 1"
_SUB = "for alpha of at most 1, every number from alpha to 1 is a sub-gradient at 0"


def _prove_prelu() -> Sequence[Checked]:
    from mlplab.exercises.prelu import prove

    return prove(_SIDES, _ALPHA, _AT_ZERO, _SUB)


def _tell_prelu(results: Results) -> Findings:
    from mlplab.exercises.prelu import tell

    return tell()


@exercise(
    "4.1.1",
    slug="prelu-derivative",
    kind="exact",
    tell=_tell_prelu,
    prove=_prove_prelu,
    proofs=(_SIDES, _ALPHA, _AT_ZERO, _SUB),
    chinese={
        _SIDES: "pReLU 的导数在 x 大于 0 时为 1，在 x 小于 0 时为 alpha",
        _ALPHA: "它对 alpha 的导数是 min(x, 0)",
        _AT_ZERO: "它在 x = 0 处的导数是 1",
        _SUB: "当 alpha 不大于 1 时，从 alpha 到 1 的每个数都是 0 处的次梯度",
    },
)
def prelu_derivative(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is trained: derivatives are checked by algebra, autograd and differences."""
    return {}


_LINEAR = "a network of ReLU or pReLU units with one input is continuous and piecewise linear"
_ENOUGH = "2 L (b - a) / eps units approximate an L-Lipschitz function to within eps"
_NEEDED = "with fewer than 2 L (b - a) / eps units it cannot be done"
_QUARTER = "a quarter of that, rounded up, is enough"


def _prove_pieces() -> Sequence[Checked]:
    from mlplab.exercises.piecewise import prove

    return prove(_LINEAR, _ENOUGH, _NEEDED, _QUARTER)


def _tell_pieces(results: Results) -> Findings:
    from mlplab.exercises.piecewise import tell

    return tell()


@exercise(
    "4.1.2",
    slug="piecewise-linear",
    kind="exact",
    tell=_tell_pieces,
    prove=_prove_pieces,
    proofs=(_LINEAR, _ENOUGH, _NEEDED, _QUARTER),
    chinese={
        _LINEAR: "单输入的 ReLU 或 pReLU 网络是连续的分段线性函数",
        _ENOUGH: "2 L (b - a) / eps 个单元足以把 L-Lipschitz 函数逼近到误差 eps 以内",
        _NEEDED: "少于 2 L (b - a) / eps 个单元就做不到",
        _QUARTER: "其四分之一（向上取整）就够了",
    },
)
def piecewise_linear(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is trained: pieces are computed exactly, errors are certified."""
    return {}


_IDENTITY = "tanh(x) + 1 = 2 sigmoid(2x) for every real x"
_BOUNDED = "in floating point both sides differ by at most 4 units in the last place for x above 0"
_EVERYWHERE = "in floating point both sides differ by at most 4 units in the last place everywhere"


def _prove_tanh() -> Sequence[Checked]:
    from mlplab.exercises.tanh_sigmoid import prove

    return prove(_IDENTITY, _BOUNDED, _EVERYWHERE)


def _tell_tanh(results: Results) -> Findings:
    from mlplab.exercises.tanh_sigmoid import tell

    return tell()


@exercise(
    "4.1.3",
    slug="tanh-sigmoid",
    kind="exact",
    tell=_tell_tanh,
    prove=_prove_tanh,
    proofs=(_IDENTITY, _BOUNDED, _EVERYWHERE),
    chinese={
        _IDENTITY: "对每个实数 x，tanh(x) + 1 = 2 sigmoid(2x)",
        _BOUNDED: "x 大于 0 时，两边的浮点结果相差不超过 4 个末位单位",
        _EVERYWHERE: "无论 x 取何值，两边的浮点结果相差不超过 4 个末位单位",
    },
)
def tanh_sigmoid(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Nothing is trained: the identity is checked by algebra and in floating point."""
    return {}


_AFFINE = (
    "a unit's shift and positive scale over the batch are lost in batch norm, and nothing else"
)
_TWO = "in a batch of two, batch norm keeps only which of two values is the larger"
_BOUND = "no value that batch norm returns exceeds sqrt(B - 1), however far off its example is"
_LAW = (
    "B times the variance of a normalised value over batches tends to "
    "1 + skew t + (kurtosis - 1) t^2 / 4"
)
_LAYER = "what layer norm makes of an example does not depend on its batch, to the last bit"

_LOSES = "with batch norm, batches of 2 give a lower test accuracy than batches of 64"
_ONLY = "going from batches of 64 to 2 costs batch norm more test accuracy than layer norm"
_SAME = "at batches of 64, batch norm and layer norm give the same test accuracy"
_INFORMATION = "at batches of 64, training accuracy is lower with batch norm than without a norm"
_UPDATES = "with batch norm, batches of 2 end at a higher training loss than batches of 64"
_OVERFITS = "with batch norm, batches of 2 fit the training images better than batches of 64"

NORMS = ("none", "batch", "layer")
REFERENCE = 64
"""The batch size that small ones are compared with."""


def normed(norm: str, size: int) -> dict[str, Any]:
    """Return an arm; its rate is proportional to the batch size, so an epoch goes equally far."""
    return {"net.norm": norm, "fit.batch_size": size, "optim.lr": 0.1 * size / REFERENCE}


def _prove_batch_norm() -> Sequence[Checked]:
    from mlplab.exercises.batch_norm_proofs import prove

    return prove(_AFFINE, _TWO, _BOUND, _LAW, _LAYER)


def _tell_batch_norm(results: Results) -> Findings:
    from mlplab.exercises.batch_norm import tell

    return tell(results.runs["norms"], results.profile, results.progress)


def _looked_into(experiment: Experiment, profile: Profile, store: Store) -> Sequence[Cell]:
    from mlplab.exercises.batch_norm_spread import cells_looked_into

    return cells_looked_into(experiment.cells(), experiment, profile)


@exercise(
    "4.1.4",
    slug="batch-nonlinearity",
    tell=_tell_batch_norm,
    extra_runs=[ExtraRuns("weights", "norms", _looked_into, weights=True)],
    prove=_prove_batch_norm,
    proofs=(_AFFINE, _TWO, _BOUND, _LAW, _LAYER),
    chinese={
        _AFFINE: "批量归一化丢掉的是单元在批量上的平移和正的缩放，此外什么也没丢",
        _TWO: "批量为二时，批量归一化只保留两个值谁大谁小",
        _BOUND: "无论样本离群多远，批量归一化的输出都不超过 sqrt(B - 1)",
        _LAW: "归一化值在不同批量上的方差乘以 B，趋于 1 + 偏度 t + (峰度 - 1) t^2 / 4",
        _LAYER: "层归一化对样本的输出与批量无关，逐位相等",
        _LOSES: "使用批量归一化时，批量为 2 的测试准确率低于批量为 64",
        _ONLY: "批量从 64 降到 2，批量归一化损失的测试准确率多于层归一化",
        _SAME: "批量为 64 时，批量归一化与层归一化的测试准确率相同",
        _INFORMATION: "批量为 64 时，使用批量归一化的训练准确率低于不用归一化",
        _UPDATES: "使用批量归一化时，批量为 2 的最终训练损失高于批量为 64",
        _OVERFITS: "使用批量归一化时，批量为 2 比批量为 64 更贴合训练图像",
    },
)
def batch_nonlinearity(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Train without norm, with batch norm and with layer norm, in batches of 2 to 256."""
    sizes = profile.pick((2, 4, 16, 64, 256), (2, 4, 8, 16, 64, 256))
    rows = min(source_setting.QUICK_ROWS, profile.pick(1500, 5000))
    base = source_setting.comparable(profile).with_value("net.init", "he")
    batch, two = normed("batch", REFERENCE), normed("batch", 2)
    layer = normed("layer", REFERENCE)
    claims = (
        Difference(says=_LOSES, arm=two, baseline=batch, expect="lower"),
        Interaction(
            says=_ONLY,
            both=two,
            only_a=normed("layer", 2),
            only_b=batch,
            neither=layer,
            expect="lower",
        ),
        Difference(says=_SAME, arm=batch, baseline=layer, expect="same"),
        Difference(
            says=_INFORMATION,
            arm=batch,
            baseline=normed("none", REFERENCE),
            metric="train_accuracy",
            expect="lower",
        ),
        Difference(
            says=_UPDATES,
            arm=two,
            baseline=batch,
            metric="train_loss",
            matters=0.05,
            expect="higher",
        ),
        Difference(
            says=_OVERFITS, arm=two, baseline=batch, metric="train_accuracy", expect="higher"
        ),
    )
    return {
        "norms": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            base.with_value("rows", First(n=rows)),
            arms=[normed(norm, size) for norm in NORMS for size in sizes],
            seeds=seeds or profile.n_seeds,
            claims=claims,
            name=f"4.1.4 norms, {profile.name}",
        )
    }
