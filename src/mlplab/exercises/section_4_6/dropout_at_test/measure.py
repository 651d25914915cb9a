"""One number per network for every claim about how it predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.dropout_at_test.predictions import (
    AVERAGED,
    SCALED,
    mean_of,
    predictions,
)
from mlplab.experiment import Runs

UNSTABLE = 0.01
"""The share of images with changing classes above which predictions are called unstable."""
_MATTERS = 0.005


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare, network by network, dropout off with one sample and with the mean of many."""
    found = predictions(runs["dropout"], profile)
    one, many = mean_of(1), mean_of(AVERAGED)
    step = 1 / found.n_test
    scored, loss, ece = "test_accuracy", "test_loss", "expected calibration error"
    more = found.gain("accuracy", many)
    return (
        measured("unstable", found.unstable - UNSTABLE, _MATTERS, "higher", "share of images"),
        measured("one_costs", found.gain("accuracy", one), _MATTERS, "lower", scored, step=step),
        measured("mean_equal", more, _MATTERS, "same", scored, step=step),
        measured("calibrated", found.gain("ece", many), _MATTERS, "lower", ece),
        measured("likelihood", found.gain("nll", many), _MATTERS, "lower", loss),
        measured("temperature", found.gain("nll", SCALED, many), _MATTERS, "lower", loss),
        measured("temperature_ece", found.gain("ece", SCALED, many), _MATTERS, "lower", ece),
    )
