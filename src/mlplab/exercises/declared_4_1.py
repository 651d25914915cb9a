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
