"""Digits that solvers keep, SGD's distance from the least loss, and what ridge gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.exact_polynomial.solvers import (
    PENALTIES,
    SMALL_PENALTY,
    UNIT,
    above_least,
    solved,
)
from mlplab.exercises.section_4_4.polynomial_draws import n_draws
from mlplab.experiment import Runs
from mlplab.theory.linear import FLOAT64_DIGITS


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per draw of the data for each claim."""
    found, above = solved(n_draws(profile)), above_least(runs["descent"])
    digits = found["digits"]
    qr, normal = digits["QR", 20], digits["normal equations", 20]
    lost = np.log10(found["condition"][UNIT, 20])
    ridge = np.log10(found["ridge"][:, PENALTIES.index(SMALL_PENALTY)] / found["plain"])

    loss = "training loss above the least"
    return (
        measured("more", qr - normal, 1.0, "higher", "digits"),
        measured(
            "qr_rule", qr - (FLOAT64_DIGITS - lost), 2.0, "same", "digits less those of the rule"
        ),
        measured(
            "normal_rule",
            normal - np.maximum(FLOAT64_DIGITS - 2 * lost, 0.0),
            2.0,
            "same",
            "digits less those of the rule",
        ),
        measured("lost", normal - 1.0, 0.1, "lower", "digits less 1"),
        measured("svd", digits["SVD", 20] - qr, 1.0, "same", "digits"),
        measured("near", above[4], 0.002, "same", loss),
        measured("far", above[20], 0.002, "same", loss),
        measured("ridge", ridge, 0.1, "lower", "log10 of test loss"),
    )
