"""The right number of terms trained for long, without noise and with it, in float64."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.least_error.errors import EPOCHS
from mlplab.exercises.section_4_4.polynomial_draws import N, n_draws
from mlplab.exercises.section_4_4.published import AS_PUBLISHED, FRESH
from mlplab.experiment import Experiment
from mlplab.specs import Own, TaskRef


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train 4 terms far beyond the source's epochs; each seed has its own draw of the data."""
    n = seeds or profile.pick(profile.n_seeds, n_draws(profile), n_draws(profile))
    base = AS_PUBLISHED.with_value("rows", Own(n=N, valid=FRESH))
    base = base.with_value("fit.dtype", "float64").with_value("fit.epochs", EPOCHS)

    def experiment(noise: float) -> Experiment:
        params = {"n_train": (N + FRESH) * n, "n_terms": 4, "noise": noise, "dtype": "float64"}
        return Experiment(TaskRef(name="polynomial", params=params), base, seeds=n)

    return {"free": experiment(0.0), "noisy": experiment(0.1)}
