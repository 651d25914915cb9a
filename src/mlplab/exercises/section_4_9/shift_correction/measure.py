"""Accuracies on cartoons and photographs, and excess risks where the shift is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_9.cartooned import Array
from mlplab.exercises.section_4_9.shift_correction import known_shift
from mlplab.exercises.section_4_9.shift_correction.design import FACTOR, MODELS, RATE
from mlplab.exercises.section_4_9.shift_correction.images import WEIGHTINGS
from mlplab.experiment import Runs

CARTOONS, PHOTOGRAPHS = "test_accuracy", "valid_accuracy"
_MATTERS, _DECADES = 0.01, 0.1
_EXCESS = "log10 of excess risk"
TUNED = WEIGHTINGS[1:]


def by_rate(runs: Runs, metric: str) -> dict[float, Array]:
    """Return a metric of every seed, (R,), by rate."""
    values = runs.values(metric)
    return {
        float(arm.run.value("optim.lr")): row for arm, row in zip(runs.arms, values, strict=True)
    }


def source_arms(runs: Mapping[str, Runs], metric: str) -> dict[str, Array]:
    """Return a metric of the source's arms and their controls, (R,) each."""
    plain, weighted = by_rate(runs["none"], metric), by_rate(runs["weights"], metric)
    slow, fast = sorted(weighted)
    return {
        "none": plain[RATE],
        "weights": weighted[slow],
        "weights x 25": weighted[fast],
        "none x 25": plain[FACTOR * RATE],
        "none, same steps": by_rate(runs["matched"], metric)[fast],
    }


def chosen_rates(runs: Mapping[str, Runs]) -> dict[str, float]:
    """Return each weighting's rate, and that of few plain rows, with the best mean accuracy on
    held-out photographs.
    """
    found = {}
    for how in (*WEIGHTINGS, "few"):
        means = {rate: float(v.mean()) for rate, v in by_rate(runs[how], PHOTOGRAPHS).items()}
        found[how] = max(means, key=lambda rate: means[rate])
    return found


def tuned(runs: Mapping[str, Runs], metric: str) -> dict[str, Array]:
    """Return a metric of each weighting, and of few plain rows, at its own rate, (R,)."""
    return {how: by_rate(runs[how], metric)[rate] for how, rate in chosen_rates(runs).items()}


def excess_risks(runs: Mapping[str, Runs]) -> dict[str, dict[str, Array]]:
    """Return model -> weighting -> mean squared error from the true function on the target."""
    found: dict[str, dict[str, Array]] = {model: {} for model in MODELS}
    for how in known_shift.WEIGHTINGS:
        values = runs[f"known {how}"].values("test_rmse")
        for model, row in zip(MODELS, values, strict=True):
            found[model][how] = np.square(row)
    return found


def n_estimates(profile: Profile) -> int:
    """Return on how many draws estimates of the risk are compared."""
    return profile.pick(200, 1000, 4000)


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare arms seed by seed."""
    return (*_source(runs), *_tuned(runs), *_known(runs, profile))


def _source(runs: Mapping[str, Runs]) -> Sequence[Measured]:
    cartoons, photographs = (source_arms(runs, one) for one in (CARTOONS, PHOTOGRAPHS))
    task = runs["none"].experiment.data

    def on(key: str, values: Array, expect: Any, n: int, metric: str) -> Measured:
        return measured(key, values, _MATTERS, expect, metric, step=1 / max(n, 1))

    def on_cartoons(key: str, one: str, other: str, expect: Any) -> Measured:
        return on(key, cartoons[one] - cartoons[other], expect, task.n_test, "test accuracy")

    gap = photographs["none"] - cartoons["none"]
    better = photographs["weights x 25"] - photographs["none"]
    return (
        on("shift", gap, "higher", task.n_valid, "accuracy"),
        on_cartoons("slowed", "weights", "none", "lower"),
        on_cartoons("repaired", "weights x 25", "none", "higher"),
        on("photographs", better, "higher", task.n_valid, "valid accuracy"),
        on_cartoons("rate", "none x 25", "none", "higher"),
        on_cartoons("control", "none x 25", "weights x 25", "higher"),
        on_cartoons("same_steps", "weights x 25", "none, same steps", "higher"),
    )


def _tuned(runs: Mapping[str, Runs]) -> Sequence[Measured]:
    found = tuned(runs, CARTOONS)
    step = 1 / max(runs["none"].experiment.data.n_test, 1)

    def on_cartoons(key: str, one: str, other: str, expect: Any) -> Measured:
        return measured(
            key, found[one] - found[other], _MATTERS, expect, "test accuracy", step=step
        )

    return (
        *(on_cartoons(f"tuned_{how}", how, "none", "higher") for how in TUNED),
        on_cartoons("fewer", "source", "few", "higher"),
    )


def _known(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    found = excess_risks(runs)

    def lower(
        key: str, model: str, one: str, other: str = "none", expect: Any = "lower"
    ) -> Measured:
        ratio = np.log10(found[model][one] / found[model][other])
        return measured(key, ratio, _DECADES, expect, _EXCESS)

    plain, normalised = known_shift.estimate_errors(n_estimates(profile))
    return (
        lower("line_true", "line", "true"),
        lower("line_odds", "line", "odds"),
        lower("line_ulsif", "line", "ulsif"),
        lower("line_kmm", "line", "kmm"),
        lower("line_flattened", "line", "flattened"),
        lower("line_clipped", "line", "clipped", "true", "higher"),
        lower("network_true", "network", "true"),
        lower("network_odds", "network", "odds"),
        measured("normalised", normalised - plain, 0.001, "lower", "error of the estimate"),
    )
