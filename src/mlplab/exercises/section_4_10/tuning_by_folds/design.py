"""A grid of settings on folds, and on inner folds of each fold's training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.folds import N_INNER, own_fold
from mlplab.exercises.section_4_10.linear import LINEAR
from mlplab.exercises.section_4_10.tables import house_folds
from mlplab.experiment import Experiment


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Score every setting on folds and on inner folds; epochs are read off the histories."""
    n = seeds or profile.pick(5, 10, 20)
    vary: Mapping[str, Sequence[Any]] = {
        "optim.lr": profile.pick((5.0, 15.0, 30.0), (5.0, 10.0, 15.0, 30.0)),
        "fit.batch_size": profile.pick((31, 64), (31, 64, 128)),
        "optim.weight_decay": profile.pick((0.0, 1.0), (0.0, 0.1, 1.0)),
    }
    base = LINEAR.with_value("fit.epochs", profile.pick(100, 200))

    def grid(inner: bool, n_seeds: int) -> Experiment:
        return Experiment(
            house_folds(n, "standardised", "price", inner=inner),
            base.with_value("rows", own_fold(inner)),
            vary=vary,
            seeds=n_seeds,
        )

    return {"folds": grid(False, n), "inner folds": grid(True, n * N_INNER)}
