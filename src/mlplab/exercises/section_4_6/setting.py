"""The chapter's dropout network on Fashion-MNIST, which the section's exercises start from."""

from __future__ import annotations

from mlplab.exercises import source_setting
from mlplab.exercises.profile import Profile
from mlplab.specs import MLP, SGD, First, Fit, Init, Run

CHAPTER_RATES = (0.2, 0.5)
"""Dropout rates of the first and the second hidden layer in the chapter."""

PLAIN = Run(
    net=MLP(hidden=(256, 256), init=Init(kind="normal", scale=0.01)),
    optim=SGD(lr=0.5),
    fit=Fit(epochs=10, batch_size=256),
)
"""784-256-256-10 without noise: weights from N(0, 0.01^2), rate 0.5, ten epochs."""


def base(profile: Profile, epochs: int = 10) -> Run:
    """Return the network without noise; quick takes 12,000 rows, and no more than 10 epochs."""
    plain: Run = PLAIN.with_value("fit.epochs", profile.pick(min(10, epochs), epochs))
    quick: Run = plain.with_value("rows", First(n=source_setting.QUICK_ROWS))
    return profile.pick(quick, plain)
