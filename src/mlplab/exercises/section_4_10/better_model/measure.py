"""Scores of the networks, and the claims about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.better_model.design import VARIANTS
from mlplab.exercises.section_4_10.scores import Array, fold_claim, fold_scores, score_claim
from mlplab.experiment import Runs
from mlplab.experiment.weights import run_weights

PRINTED = 0.149640
"""What the source prints for its network by 5 folds of the same rows."""


def member_errors(runs: Runs) -> Array:
    """Return what each network says too much of each held-out log price, (J, M, H)."""
    by_fold: list[Array] = []
    task = runs.experiment.data
    for arm in runs.arms:
        cells = [cell for cell in runs.cells if cell.arm == arm]
        rows = task.split(0, arm.run.rows).valid
        inputs, wanted = np.asarray(task.inputs[rows]), task.targets[rows, 0]
        outputs = [
            np.asarray(runs.setup.backend.predict(cell.run, blob, inputs, 1.0), np.float64)[:, 0]
            for cell, blob in zip(cells, run_weights(cells, runs), strict=True)
        ]
        by_fold.append(np.stack(outputs) - wanted)
    return np.stack(by_fold)


def rms(errors: Array) -> Array:
    """Return the root mean square over rows."""
    return np.asarray(np.sqrt(np.mean(errors**2, axis=-1)))


def ways(runs: Mapping[str, Runs]) -> dict[str, Array]:
    """Return the scores on each fold, by network."""
    errors = member_errors(runs["small networks"])
    variants = runs["variants"]
    found = {
        "source": fold_scores(runs["source"]),
        "ensemble": rms(errors.mean(axis=1)),
        "single": rms(errors).mean(axis=1),
    }
    for name, arm in zip(VARIANTS, variants.arms, strict=False):
        found[name] = fold_scores(variants, arm, "valid_rmse")
    found["standardised"] = fold_scores(runs["standardised"], metric="valid_rmse")
    return found


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return the claims with one number per fold."""
    scores = ways(runs)
    return (
        score_claim("ensemble", scores["ensemble"], scores["source"], "lower"),
        fold_claim("reported", np.log(scores["ensemble"] / PRINTED), "lower"),
        score_claim("single", scores["single"], scores["source"], "lower"),
        score_claim("together", scores["ensemble"], scores["single"], "lower"),
        score_claim("layers", scores["single"], scores["linear"], "lower"),
    )
