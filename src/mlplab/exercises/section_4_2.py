"""Section 4.2: multilayer perceptrons from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings, exercise
from mlplab.experiment import Experiment, Runs
from mlplab.experiment.progress import Report
from mlplab.specs import MLP, SGD, BestArm, Difference, First, Fit, Init, Run, TaskRef

FASHION = "fashion-mnist"

AS_PUBLISHED = Run(
    net=MLP(hidden=(256,), init=Init(kind="normal", scale=0.01)),
    optim=SGD(lr=0.1),
    fit=Fit(epochs=10, batch_size=256, last_batch="keep"),
)
"""The chapter's setting: weights from N(0, 0.01^2), rate 0.1, ten epochs, every last batch."""


QUICK_ROWS = 12_000
"""Training rows of the quick profile."""


def comparable(profile: Profile, epochs: int = 10) -> Run:
    """Return the chapter's setting for comparisons: the partial last batch is dropped.

    The quick profile takes 12,000 rows and fewer epochs.
    """
    base = AS_PUBLISHED.with_value("fit.last_batch", "drop")
    base = base.with_value("fit.epochs", profile.pick(min(4, epochs), epochs))
    quick: Run = base.with_value("rows", First(n=QUICK_ROWS))
    return profile.pick(quick, base)


PUBLISHED_300 = {"train_loss": 0.3826, "train_accuracy": 0.8656, "test_accuracy": 0.8500}
"""What the source printed for 300 hidden units, from one run."""


_SAME = "256 and 376 hidden units give the same test accuracy"
_BEST = "256 is the best width"
_WIDE = "1024 hidden units give a higher test accuracy than 256"
_NARROW = "16 hidden units give a lower test accuracy than 256"


def _tell_hidden_width(
    runs: Mapping[str, Runs], profile: Profile, progress: Report | None
) -> Findings:
    from mlplab.exercises.hidden_width import tell

    return tell(runs["widths"], runs["published"], profile, PUBLISHED_300, progress)


@exercise(
    "4.2.1",
    slug="hidden-width",
    tell=_tell_hidden_width,
    chinese={
        _SAME: "256 个与 376 个隐藏单元的测试准确率相同",
        _BEST: "256 是最佳宽度",
        _WIDE: "1024 个隐藏单元的测试准确率高于 256 个",
        _NARROW: "16 个隐藏单元的测试准确率低于 256 个",
    },
)
def hidden_width(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Sweep the hidden width; the choice is made on validation rows, never on the test split."""
    widths = profile.pick((16, 64, 256, 376, 1024), (16, 32, 64, 128, 256, 300, 376, 512, 1024))
    epochs = profile.pick(4, 10)
    n_seeds = seeds or profile.n_seeds
    arms: list[dict[str, Any]] = [{"net.hidden": (width,)} for width in widths]

    def arm(width: int) -> dict[str, Any]:
        return {"net.hidden": (width,)}

    base = AS_PUBLISHED.with_value("fit.epochs", epochs).with_value("fit.last_batch", "drop")
    claims = (
        Difference(
            says=_SAME,
            arm=arm(376),
            baseline=arm(256),
            metric="test_accuracy",
            expect="same",
        ),
        BestArm(
            says=_BEST,
            arm=arm(256),
            arms=tuple(arms),
            metric="valid_accuracy",
        ),
        Difference(
            says=_WIDE,
            arm=arm(1024),
            baseline=arm(256),
            metric="test_accuracy",
            expect="higher",
        ),
        Difference(
            says=_NARROW,
            arm=arm(16),
            baseline=arm(256),
            metric="test_accuracy",
            expect="lower",
        ),
    )
    return {
        "widths": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            base,
            seeds=n_seeds,
            claims=claims,
            arms=arms,
            name=f"4.2.1 widths, {profile.name}",
        ),
        "published": Experiment(
            TaskRef(name=FASHION),
            AS_PUBLISHED.with_value("fit.epochs", epochs).with_value("net.hidden", (300,)),
            seeds=n_seeds,
            name=f"4.2.1 as published, {profile.name}",
        ),
    }
