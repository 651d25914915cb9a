"""Section 4.1: multilayer perceptrons: what activations are, exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings, exercise
from mlplab.experiment import Experiment, Runs
from mlplab.experiment.progress import Report

_SIDES = "pReLU's derivative is 1 for x above 0 and alpha for x below 0"
_ALPHA = "its derivative with respect to alpha is min(x, 0)"
_AT_ZERO = "at x = 0 its derivative is 1"
_SUB = "for alpha of at most 1, every number from alpha to 1 is a sub-gradient at 0"


def _prove_prelu() -> Sequence[Checked]:
    from mlplab.exercises.prelu import prove

    return prove(_SIDES, _ALPHA, _AT_ZERO, _SUB)


def _tell_prelu(runs: Mapping[str, Runs], profile: Profile, progress: Report | None) -> Findings:
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


def _tell_pieces(runs: Mapping[str, Runs], profile: Profile, progress: Report | None) -> Findings:
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


def _tell_tanh(runs: Mapping[str, Runs], profile: Profile, progress: Report | None) -> Findings:
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
