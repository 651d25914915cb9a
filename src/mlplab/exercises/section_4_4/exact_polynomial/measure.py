"""Digits that solvers keep, SGD's distance from the least loss, and what ridge gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.arms import Expect
from mlplab.exercises.section_4_4.exact_polynomial.solvers import (
    PENALTIES,
    SMALL_PENALTY,
    above_least,
    solved,
)
from mlplab.exercises.section_4_4.polynomial_draws import Array, n_draws
from mlplab.experiment import Runs


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per draw of the data for each claim."""
    found, above = solved(n_draws(profile)), above_least(runs["descent"])
    digits = found["digits"]
    normal = digits["normal equations", 20]
    ridge = np.log10(found["ridge"][:, PENALTIES.index(SMALL_PENALTY)] / found["plain"])

    def claim(key: str, values: Array, matters: float, expect: Expect, metric: str) -> Measured:
        return Measured(key, tuple(values.tolist()), matters, expect, metric, "of the data")

    loss = "training loss above the least"
    return (
        claim("more", digits["QR", 20] - normal, 1.0, "higher", "digits"),
        claim("lost", normal - 1.0, 0.1, "lower", "digits less 1"),
        claim("svd", digits["SVD", 20] - digits["QR", 20], 1.0, "same", "digits"),
        claim("near", above[4], 0.002, "same", loss),
        claim("far", above[20], 0.002, "same", loss),
        claim("ridge", ridge, 0.1, "lower", "log10 of test loss"),
    )
