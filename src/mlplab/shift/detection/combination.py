"""One p-value of several tests that share their permutations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlplab.shift.detection.permutations import Array, permutation_p, permutation_ps

WEIGHTS = {"columns": 1.0, "mmd": 2.0, "whitened": 2.0}
"""Of what decides together: kernels see most kinds of shifts, columns theirs clearly."""


def combined_p(
    statistics: Mapping[str, Array], weights: Mapping[str, float] | None = None
) -> float:
    """Return the exact p-value of the weighted sum of 1 / p over tests, whatever their dependence.

    Each labelling, permuted ones too, has a p-value by every test, and so a sum; the observed one
    is ranked among them. The smallest p-value leads, and further small ones help.

    Args:
        statistics: of each test, (P + 1,), the observed one first, large ones extreme.
        weights: of each test; None weighs all alike.

    Source: Wilson (2019), PNAS 116 (harmonic mean); permutations: Westfall and Young (1993).
    """
    inverse = [
        (1 if weights is None else weights[name]) / permutation_ps(values)
        for name, values in statistics.items()
    ]
    return permutation_p(np.sum(inverse, axis=0))


def together(statistics: Mapping[str, Array]) -> float:
    """Return the p-value that decides: of the tests in `WEIGHTS` that there are."""
    parts = {name: values for name, values in statistics.items() if name in WEIGHTS}
    return combined_p(parts, WEIGHTS)
