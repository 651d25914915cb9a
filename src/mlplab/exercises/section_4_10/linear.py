"""The chapter's linear model of house prices, trained fold by fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.section_4_10.folds import own_fold
from mlplab.exercises.section_4_10.tables import house_folds
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Adam, Fit, Run

LINEAR = Run(
    net=MLP(hidden=()),
    optim=Adam(lr=5.0),
    fit=Fit(epochs=100, batch_size=64, last_batch="keep", test="never", measures=("house_score",)),
)
"""The chapter's model and training: squared error of prices, Adam with rate 5."""


def on_folds(
    base: Run,
    n: int,
    features: str,
    target: str,
    preparation: Mapping[str, object] | None = None,
    **more: Any,
) -> Experiment:
    """Return a design in which seed s trains and is scored on fold s of n.

    Args:
        base: what is trained, but for its rows.
        n: folds.
        features, target, preparation: as of `house_folds`.
        more: arms, or what varies.
    """
    return Experiment(
        house_folds(n, features, target, preparation),
        base.with_value("rows", own_fold()),
        seeds=n,
        **more,
    )
