"""Split conformal prediction: coverage from rows that no network has seen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.estimators.settings import share


def conformal_quantile(scores: NDArray[Any], coverage: float) -> NDArray[np.float64]:
    """Return the score that new ones do not exceed, with at least the given probability.

    The ceil((n + 1) coverage)-th smallest of n scores of held-out rows. New rows must be
    exchangeable with them; the probability is over held-out and new rows, not for each x.

    Args:
        scores: of held-out rows, (n,) or (n, O).
        coverage: between 0 and 1.

    Raises:
        ConfigError: no such share, or so few held-out rows that only everything covers it.

    Source: Vovk, Gammerman and Shafer, Algorithmic learning in a random world, 2005; Lei et al.,
    arXiv 1604.04173, 2018.

    >>> float(conformal_quantile(np.arange(1.0, 10.0), 0.8))
    8.0
    """
    coverage = share("coverage", coverage)
    n = len(scores)
    # rounding must not push a rank that is whole to the next one
    rank = math.ceil((n + 1) * coverage - 1e-9)
    if rank > n:
        least = math.ceil(coverage / (1 - coverage) - 1e-9)
        raise ConfigError(
            f"coverage={coverage:g}: needs at least {least} held-out rows; got {n}; "
            "raise calibration or lower coverage"
        )
    return np.asarray(np.sort(scores, axis=0)[rank - 1], dtype=np.float64)


def require_calibration(scores: Any) -> NDArray[np.float64]:
    """Return the scores of held-out rows.

    Raises:
        ConfigError: nothing was held out.
    """
    if scores is None:
        raise ConfigError(
            "calibration=0: no rows were held out to measure coverage on; "
            "set calibration=0.2 and fit again"
        )
    return np.asarray(scores, dtype=np.float64)
