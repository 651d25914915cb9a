"""The claims about gaps, with one number per fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.missing_values.gaps import MECHANISMS, gaps, n_folds
from mlplab.exercises.section_4_10.scores import fold_claim, score_claim
from mlplab.experiment import Runs


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare the ways' scores fold by fold; no runs are needed."""
    found = gaps(n_folds(profile))
    data, removed = found.on_data, found.removed
    random, selective = MECHANISMS

    def against_mean(key: str, kind: str, way: str, expect: Any) -> Measured:
        return score_claim(key, removed[kind, way], removed[kind, "mean"], expect)

    return (
        score_claim("median", data["median"], data["mean"], "same"),
        score_claim("indicator", data["indicator"], data["mean"], "lower"),
        score_claim("interpolation", data["interpolation"], data["mean"], "lower"),
        score_claim("rows", data["rows"], data["mean"], "lower"),
        score_claim("regression", data["iterative"], data["mean"], "lower"),
        score_claim("zeros", found.mostly, removed[random, "mean"], "higher"),
        score_claim("remains", found.mostly, found.without, "lower"),
        against_mean("predicted", random, "iterative", "lower"),
        against_mean("uninformative", random, "indicator", "same"),
        against_mean("informative", selective, "indicator", "lower"),
        fold_claim(
            "low", found.bias[selective], "higher", matters=0.1, metric="standard deviations"
        ),
    )
