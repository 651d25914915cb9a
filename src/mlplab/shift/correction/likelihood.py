"""KLIEP: a density ratio by the likelihood of the target rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.correction.kernels import (
    WIDTHS,
    Floats,
    Kernels,
    median_distance,
)
from mlplab.shift.correction.mixture import mixture_shares

# Target rows that coefficients are fitted to, and that the width is chosen on: 200 coefficients
# know no more from 100,000 rows, and memory stays bounded.
_MOST_ROWS, _MOST_ROWS_OF_CHOICE = 10_000, 1_000
# Where likelihoods of widths differ by less, it does not matter which is taken.
_FOLDS, _TOLERANCE = 3, 1e-3


def likelihood_ratios(
    train: NDArray[Any],
    target: NDArray[Any],
    *,
    n_centres: int,
    rng: np.random.Generator,
    widths: Sequence[float] = WIDTHS,
) -> tuple[Floats, dict[str, Any]]:
    """Return estimates of p_target / p_train at the training rows, by KLIEP.

    The ratio is a sum of Gaussian kernels at target rows, coefficients not negative; it maximises
    the mean log ratio at target rows, its mean over training rows held at 1. The width maximises
    the same on held-out target rows, whose own kernels are left out.

    Args:
        train: (N, I).
        target: (M, I), at least two rows; at most 10,000 drawn ones are fitted to.
        n_centres: kernels.
        rng: draws centres, rows and folds.
        widths: tried, in units of the median distance.

    Cost: widths x N K for K centres, and a concave problem in K numbers for each width and fold.

    Source: Sugiyama, Suzuki, Nakajima, Kashima, von Buenau and Kawanabe, Annals of the Institute
    of Statistical Mathematics 60, 2008.
    """
    median = median_distance(rng, train, target)
    rows = target[rng.permutation(len(target))[:_MOST_ROWS]]
    centres = rows[:n_centres]
    chosen = rows[:_MOST_ROWS_OF_CHOICE]
    n_folds = min(_FOLDS, len(chosen))
    folds = np.arange(len(chosen)) % n_folds
    best: tuple[float, float, Floats] | None = None
    for width in widths:
        kernels = Kernels(centres, width * median)
        means = sum(block.sum(axis=0) for block in kernels.blocks(train)) / len(train)
        means = np.maximum(means, 1e-12)  # a kernel no training row feels
        densities = kernels(chosen) / means
        score = 0.0
        for fold in range(n_folds):
            held, own = folds == fold, folds[: len(centres)] != fold
            shares = mixture_shares(densities[~held][:, own], tolerance=_TOLERANCE)
            mixed = densities[held][:, own] @ shares
            score += float(np.log(mixed + 1e-300).sum()) / len(chosen)
        if best is None or score > best[0]:
            best = score, width * median, means
    assert best is not None
    score, width, means = best
    kernels = Kernels(centres, width)
    densities = np.concatenate(list(kernels.blocks(rows))) / means
    ratios = kernels.combine(train, mixture_shares(densities, tolerance=_TOLERANCE) / means)
    return ratios, {"width": width, "score": score, "n_centres": len(centres)}
