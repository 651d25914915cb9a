"""Scores, jumps and divergence of the ways, and the claims about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.no_standardisation.design import RAW
from mlplab.exercises.section_4_10.scores import Array, fold_claim, fold_scores, score_claim
from mlplab.experiment import Arm, Runs

LAST = 50
"""Epochs at the end over which jumps are measured."""
_TWICE = float(np.log(2.0))  # as a difference of logarithms


def raw_arm(runs: Mapping[str, Runs], name: str) -> Arm:
    """Return one of the ways that are tried on features as they are."""
    return runs["raw"].arms[list(RAW).index(name)]


def jumps(runs: Runs, arm: Arm) -> Array:
    """Return the standard deviation of each fold's score over the last epochs, (J,)."""
    found = []
    for cell in runs.cells:
        if cell.arm == arm:
            history = runs.outcomes[cell.key].history["valid_house_score"]
            found.append(float(np.std(history[-LAST:])))
    return np.array(found)


def diverged(runs: Runs, arm: Arm) -> Array:
    """Return 1 for each fold on which an arm diverged, (J,)."""
    cells = [cell for cell in runs.cells if cell.arm == arm]
    return np.array([float(runs.outcomes[cell.key].status == "diverged") for cell in cells])


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return the claims with one number per fold."""
    raw, standard = runs["raw"], runs["standardised"]
    adam, adam_standard = raw_arm(runs, "Adam 5"), standard.arms[0]
    scores = fold_scores(raw, adam)
    unsteady = np.log(jumps(raw, adam) / jumps(standard, adam_standard))
    beyond, stable = (diverged(raw, raw_arm(runs, f"SGD {rate}")) for rate in ("1e-8", "1e-9"))
    falling, huber = (
        fold_scores(raw, raw_arm(runs, f"Adam 5, {name}")) for name in ("falling", "Huber")
    )
    return (
        score_claim("higher", scores, fold_scores(standard, adam_standard), "higher"),
        fold_claim(
            "unsteady",
            unsteady,
            "higher",
            matters=_TWICE,
            metric=f"log of the ratio of standard deviations over {LAST} epochs",
        ),
        fold_claim(
            "diverges",
            beyond - stable,
            "higher",
            matters=0.1,
            metric="share of diverged runs",
            n_test=1,
        ),
        score_claim("falling", falling, scores, "lower"),
        score_claim("huber", huber, scores, "lower"),
    )
