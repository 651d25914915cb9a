"""The chapter's linear model over folds, and on all rows for a submission."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10 import folds
from mlplab.exercises.section_4_10.linear import LINEAR, on_folds
from mlplab.exercises.section_4_10.tables import CHAPTER, house_folds
from mlplab.experiment import Experiment
from mlplab.specs import Block


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Prepare the features by all rows, as the chapter, and by training rows only."""
    n = folds.n_repeats(profile.n_seeds, seeds)
    published = LINEAR.with_value("fit.epochs", 300)
    return {
        "as published": on_folds(published, n, "standardised", "price"),
        "training rows only": on_folds(LINEAR, n, "plain", "price", CHAPTER),
        "submission": Experiment(
            house_folds(0, "standardised", "price"),
            LINEAR.with_value("rows", Block(n=folds.N_ROWS)),
            seeds=profile.pick(2, 8),
        ),
    }
