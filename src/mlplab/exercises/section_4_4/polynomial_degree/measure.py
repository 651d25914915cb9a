"""Losses along terms, along data, at as many terms as examples, and beyond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Expect, Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.arms import arms_by_terms, sound
from mlplab.exercises.section_4_4.polynomial_degree.losses import (
    MANY,
    arms_by_data,
    descended,
    double_descent,
    epochs_for,
    interpolation,
    least,
)
from mlplab.exercises.section_4_4.polynomial_draws import VARIANCE, Array, N, n_draws
from mlplab.exercises.section_4_4.published import EPOCHS
from mlplab.experiment import Runs

_ROUNDING = 1e-15
_NEAR, _FAR = 25, 400


@np.errstate(invalid="ignore")  # inf - inf and inf / inf: all runs failed
def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per draw of the data for each claim."""
    return (
        *_along_terms(runs["terms"]),
        *_at_zero(runs["tiny"], profile),
        *_along_data(runs["data"]),
        *_beyond(profile),
    )


_HELD_OUT, _TRAINING = "log10 of test loss", "training loss"


def _along_terms(runs: Runs) -> Sequence[Measured]:
    sgd = {k: descended(runs, arm) for k, arm in arms_by_terms(runs).items()}
    exact = {k: least(runs, arm) for k, arm in arms_by_terms(runs).items()}
    falls = np.min([np.log10(sgd[k][0] / sgd[k + 1][0]) for k in (1, 2, 3)], axis=0)
    flat = sgd[20][0] - sgd[4][0]
    order = np.log10(sgd[20][0] / 0.01)
    noise = exact[20][0] - exact[4][0] + VARIANCE * 16 / N
    rises, milder = sgd[20][1] / sgd[4][1], sgd[20][1] / exact[20][1]
    return (
        sound("falls", falls, 0.1, "higher", "least fall of log10 of training loss"),
        sound("flat", flat, 0.002, "same", _TRAINING),
        sound("order", order, 0.5, "same", "log10 of training loss / 0.01"),
        sound("noise", noise, 0.0005, "same", "training loss less its expectation"),
        sound("rises", np.log10(rises), 0.1, "higher", _HELD_OUT),
        sound("milder", np.log10(milder), 0.1, "lower", _HELD_OUT),
    )


def _at_zero(runs: Runs, profile: Profile) -> Sequence[Measured]:
    kept = interpolation(n_draws(profile))

    def rounding(key: str, n: int) -> Measured:
        ratio = np.log10(kept[n, n] / _ROUNDING)
        return sound(key, ratio, 1.0, "lower", "log10 of training loss / 1e-15")

    return (
        rounding("eight", 8),
        rounding("hundred", 100),
        sound("tiny", descended(runs, runs.arms[0])[0], 0.001, "same", _TRAINING),
    )


def _along_data(runs: Runs) -> Sequence[Measured]:
    arms = arms_by_data(runs)
    few, more, same_steps = (
        descended(runs, arms[MANY, n, epochs])
        for n, epochs in ((N, EPOCHS), (1000, EPOCHS), (1000, epochs_for(1000)))
    )
    rises = least(runs, arms[MANY, 1000, EPOCHS])[0] - least(runs, arms[MANY, N, EPOCHS])[0]

    def training(key: str, losses: Array, matters: float, expect: Expect) -> Measured:
        return sound(key, losses, matters, expect, _TRAINING)

    def held_out(key: str, ratio: Array) -> Measured:
        return sound(key, np.log10(ratio), 0.1, "lower", _HELD_OUT)

    return (
        training("least_data", rises, 0.0005, "higher"),
        training("train_data", more[0] - few[0], 0.002, "lower"),
        training("train_steps", same_steps[0] - few[0], 0.002, "lower"),
        held_out("fresh_data", more[1] / few[1]),
        held_out("fresh_steps", same_steps[1] / few[1]),
    )


def _beyond(profile: Profile) -> Sequence[Measured]:
    found = {terms: fresh for terms, (_, fresh) in double_descent(n_draws(profile)).items()}
    return (
        sound("descent", np.log10(found[_FAR] / found[_NEAR]), 0.1, "lower", _HELD_OUT),
        sound("below", np.log10(found[_FAR] / found[4]), 0.1, "lower", _HELD_OUT),
    )
