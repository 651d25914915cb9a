"""The chapter's setting on Fashion-MNIST, which many exercises start from."""

from __future__ import annotations

from mlplab.exercises.profile import Profile
from mlplab.specs import MLP, SGD, First, Fit, Init, Run

FASHION = "fashion-mnist"

AS_PUBLISHED = Run(
    net=MLP(hidden=(256,), init=Init(kind="normal", scale=0.01)),
    optim=SGD(lr=0.1),
    fit=Fit(epochs=10, batch_size=256, last_batch="keep"),
)
"""Weights from N(0, 0.01^2), rate 0.1, ten epochs, every last batch."""

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
