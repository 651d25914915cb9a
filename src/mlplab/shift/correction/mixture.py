"""Shares of a mixture whose parts are known, by maximum likelihood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Added to densities, so that rows no part reaches count much, and nothing is infinite.
_TINY = 1e-300


def mixture_shares(densities: Floats, *, tolerance: float = 1e-9, most_steps: int = 2000) -> Floats:
    """Return the shares b >= 0, sum 1, that maximise mean_j log sum_k b_k densities_jk.

    Free of the sum, the same b maximises mean_j log(densities b)_j - sum(b), since scaling b by s
    gains log s - s + 1 <= 0 at sum 1. Steps of EM, which cannot leave the simplex, end it.

    Args:
        densities: (M, K), not negative.
        tolerance: largest distance of the likelihood per row to the maximum; it is bounded by
            max_k mean_j densities_jk / (densities b)_j - 1.
        most_steps: of EM.

    Cost: O(M K) for each of some 50 to 500 steps.

    Source: the EM steps: Saerens, Latinne and Decaestecker, Neural Computation 14, 2002; the
    concave problem without constraint: Sugiyama and others, Annals of the Institute of
    Statistical Mathematics 60, 2008.

    >>> shares = mixture_shares(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    >>> shares.round(6).tolist()
    [0.666667, 0.333333]
    """
    from scipy.optimize import minimize

    n_parts = densities.shape[1]

    def objective(shares: Floats) -> tuple[float, Floats]:
        mixed = densities @ shares + _TINY
        gradient = densities.T @ (1 / mixed) / len(densities)
        return float(shares.sum() - np.log(mixed).mean()), 1 - gradient

    found = minimize(
        objective,
        np.full(n_parts, 1 / n_parts),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * n_parts,
        options={"maxiter": 1000, "maxcor": 20, "ftol": tolerance / 1e3, "gtol": tolerance / 10},
    )
    # A little of every part: from 0 no step of EM leads away.
    shares = np.maximum(found.x, 1e-12)
    shares = shares / shares.sum()
    for _ in range(most_steps):
        gains = densities.T @ (1 / (densities @ shares + _TINY)) / len(densities)
        if gains.max() - 1 <= tolerance:
            break
        shares = shares * gains
        shares = shares / shares.sum()
    return np.asarray(shares)
