"""The linear model's scores by fold, and the claims about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.scores import Array, fold_scores, score_claim
from mlplab.exercises.section_4_10.tables import constant_scores
from mlplab.experiment import Runs

AT_EPOCH = 100
"""The chapter's number of epochs."""
CONSTANT, PUBLISHED, OWN = "best_constant", "as_published", "own_rows"


def ways(runs: Mapping[str, Runs]) -> dict[str, Array]:
    """Return the scores on each fold, by what was done."""
    published = runs["as published"]
    return {
        CONSTANT: constant_scores(published.experiment.seeds),
        PUBLISHED: fold_scores(published, epoch=AT_EPOCH),
        OWN: fold_scores(runs["training rows only"]),
    }


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return the claims with one number per fold."""
    scores = ways(runs)
    later = fold_scores(runs["as published"])
    return (
        score_claim("constant", scores[PUBLISHED], scores[CONSTANT], "lower"),
        score_claim("leak", scores[OWN], scores[PUBLISHED], "same"),
        score_claim("enough", scores[PUBLISHED], later, "same"),
    )
