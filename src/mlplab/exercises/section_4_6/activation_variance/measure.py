"""Variances in the last epoch with and without dropout, one number for each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Expect, Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.activation_variance.design import WITH, WITHOUT
from mlplab.exercises.section_4_6.activation_variance.parts import (
    LAYERS,
    Array,
    by_seed,
    trained_parts,
)
from mlplab.experiment import Runs

_DECADES = 0.1  # a factor of 1.26


@np.errstate(divide="ignore", invalid="ignore")  # a run has diverged, or a layer is dead
def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare the layers of both networks seed by seed."""
    layers = runs["layers"]

    def decades(metric: str) -> Array:
        return np.asarray(
            np.log10(by_seed(layers, metric, WITH) / by_seed(layers, metric, WITHOUT))
        )

    def claim(key: str, values: Array, matters: float, expect: Expect, metric: str) -> Measured:
        values = np.nan_to_num(values, nan=np.inf, posinf=np.inf, neginf=-np.inf)
        return measured(key, values, matters, expect, metric)

    def ratio(key: str, values: Array, expect: Expect) -> Measured:
        return claim(key, values, _DECADES, expect, "log10 of variance")

    grown = [
        np.log10(by_seed(layers, metric, arm) / by_seed(layers, metric, arm, 1))
        for metric in (f"activation_variance_{layer}" for layer in LAYERS)
        for arm in (WITHOUT, WITH)
    ]

    def dead(key: str, layer: int) -> Measured:
        with_it, without = (by_seed(layers, f"dead_share_{layer}", of) for of in (WITH, WITHOUT))
        return claim(key, with_it - without, 0.01, "lower", "share of dead units")

    parts = trained_parts(layers, WITH)
    shares = {layer: np.log10(found[:, 2] / found[:, 1]) for layer, found in parts.items()}
    return (
        ratio("grows", np.min(grown, axis=0), "higher"),
        ratio("first", decades("activation_variance_1"), "higher"),
        ratio("second", decades("activation_variance_2"), "higher"),
        ratio("first_rest", decades("rest_1"), "lower"),
        ratio("second_rest", decades("rest_2"), "lower"),
        ratio("mask_first", shares[1], "lower"),
        ratio("mask_second", shares[2], "higher"),
        dead("dead_first", 1),
        dead("dead_second", 2),
    )
