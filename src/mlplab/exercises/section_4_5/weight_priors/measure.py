"""One number per draw of the data for every claim about the posterior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_5.weight_priors.posteriors import sampled
from mlplab.experiment import Runs

_RELATIVE, _SHARE = 0.02, 0.01


def sizes(profile: Profile) -> tuple[int, int]:
    """Return how many draws, and how many samples of each posterior."""
    return profile.pick((20, 200), (50, 300), (100, 1000))


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare samples with the closed form, and risks, draw by draw."""
    found = sampled(*sizes(profile))
    apart = found.risks["laplace_mean"] - found.risks["laplace_maximum"]

    return (
        measured("mean", found.mean, _RELATIVE, "same", "relative difference"),
        measured("spread", found.spread, _RELATIVE, "same", "relative difference"),
        measured("covered", found.coverage - 0.95, _RELATIVE, "same", "coverage less 0.95"),
        measured("mean_risk", apart, _SHARE, "lower", "risk (share of the variance of y)"),
    )
