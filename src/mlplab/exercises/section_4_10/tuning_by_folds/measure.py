"""The claims about settings chosen by folds, with one number per fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.scores import score_claim
from mlplab.exercises.section_4_10.tuning_by_folds.tuning import SOURCE, fixed, tuning, ways
from mlplab.experiment import Runs


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare the ways to choose settings fold by fold."""
    found = tuning(runs)
    scores = ways(runs, found)
    with_decay = fixed(runs["folds"], found, SOURCE | {"optim.weight_decay": 1.0})
    return (
        score_claim("tuned", scores["nested"], scores["chapter"], "lower"),
        score_claim("source", scores["source"], scores["chapter"], "lower"),
        score_claim("as_good", scores["nested"], scores["source"], "same"),
        score_claim("optimistic", scores["flat"], scores["nested"], "lower"),
        score_claim("decay", with_decay, scores["source"], "lower"),
    )
