"""Several arms made into one number per seed: differences, interactions, main effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.stats.quantiles import FloatArray

DIFFERENCE = (1.0, -1.0)
# arms in the order: both, only A, only B, neither
INTERACTION = (1.0, -1.0, -1.0, 1.0)


def contrast_values(values: ArrayLike, weights: Sequence[float]) -> FloatArray:
    """One number per seed out of several arms: `y_s = sum_k weights_k values_ks`.

    Assumes: column s of every arm is the same seed, so that what the seeds share cancels.
    Does not license: contrasts chosen after looking at the arms, unless all that could have been
    chosen are counted among `claims`.

    Args:
        values: (K, n), one row per arm.
        weights: K numbers that sum to 0 (a contrast), such as `DIFFERENCE` or `INTERACTION`.

    >>> both, only_a, only_b, neither = [5.0, 6.0], [3.0, 3.0], [2.0, 2.0], [1.0, 1.0]
    >>> contrast_values([both, only_a, only_b, neither], INTERACTION).tolist()
    [1.0, 2.0]
    """
    arms, factors = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if arms.ndim != 2 or factors.shape != arms.shape[:1]:
        raise ConfigError(
            f"weights: expected one per arm; got {factors.size} for values of shape {arms.shape}"
        )
    if abs(factors.sum()) > 1e-9 * np.abs(factors).sum():
        raise ConfigError(f"weights: expected a sum of 0; got {factors.sum():g}")
    return np.asarray(factors @ arms)


def main_effect(levels: ArrayLike, first: int, second: int) -> tuple[float, ...]:
    """Weights of "the factor at level `first` against level `second`", averaged over the rest.

    Each arm at the first level gets +1/count, each at the second -1/count, others 0.

    Assumes: the two levels meet the same settings of the other factors (a full grid).
    Does not license: "whatever the other factors are": an interaction may turn the sign there.

    Args:
        levels: (K,), the factor's level in every arm, as an index.
        first, second: the levels compared.

    >>> main_effect([0, 0, 1, 1], first=1, second=0)
    (-0.5, -0.5, 0.5, 0.5)
    """
    index = np.asarray(levels)
    up, down = index == first, index == second
    if first == second or not up.any() or up.sum() != down.sum():
        raise ConfigError(
            f"levels: expected as many arms at {first} as at {second}, and at least one; "
            f"got {int(up.sum())} and {int(down.sum())}"
        )
    return tuple(((up * 1.0 - down * 1.0) / up.sum()).tolist())
