"""Errors with and without noise, from closed forms and from SGD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.arms import sound
from mlplab.exercises.section_4_4.least_error.errors import (
    EPOCHS,
    NOISE,
    ROUNDING,
    decades,
    errors,
    fresh_losses,
    held_out,
    n_exact,
)
from mlplab.exercises.section_4_4.polynomial_draws import VARIANCE, Array
from mlplab.exercises.section_4_4.published import EPOCHS as PUBLISHED_EPOCHS
from mlplab.experiment import Runs


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return one number per draw of the data for each claim."""
    found, fresh = errors(n_exact(profile)), fresh_losses(n_exact(profile))
    free = runs["free"]

    def vanishes(key: str, error: Array, what: str) -> Measured:
        ratio = decades(error) - float(np.log10(ROUNDING))
        return sound(key, ratio, 1.0, "lower", f"log10 of {what} / 1e-20")

    def exact(key: str, terms: int, n: int) -> Measured:
        return vanishes(key, found[terms, 0.0, n][0], "error")

    def descended(key: str, epochs: int) -> Measured:
        return vanishes(key, held_out(free, epochs), "test loss")

    def gap(key: str, n: int) -> Measured:
        error, loss = found[4, NOISE, n]
        return same(key, error + VARIANCE - loss, 0.0005, "error less training loss")

    def same(key: str, values: Array, matters: float, metric: str) -> Measured:
        return sound(key, values, matters, "same", metric)

    excess = found[4, NOISE, 1000][0] * 1000 / (4 * VARIANCE) - 1
    below = (fresh[100] < VARIANCE).astype(np.float64)
    return (
        exact("exact", 4, 100),
        exact("four", 4, 4),
        exact("twenty", 20, 100),
        descended("published", PUBLISHED_EPOCHS),
        descended("longer", EPOCHS),
        sound("misfit", found[3, 0.0, 1000][0] - 5, 0.1, "lower", "error less 5"),
        same("excess", excess, 0.2, "error beyond sigma^2, over 4 sigma^2 / n, less 1"),
        sound("fresh", below, 0.05, "same", "share of draws below sigma^2", cases="share"),
        gap("few", 20),
        gap("many", 1000),
    )
