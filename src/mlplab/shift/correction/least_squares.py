"""uLSIF and RuLSIF: a density ratio by least squares, its settings by leaving one pair out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.correction.kernels import (
    WIDTHS,
    Floats,
    Kernels,
    draw_rows,
    median_distance,
)

RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
# Rows left out one by one to choose settings; more of them change the choice no longer.
_PAIRS = 1000


def least_squares_ratios(
    train: NDArray[Any],
    target: NDArray[Any],
    *,
    relative: float,
    n_centres: int,
    rng: np.random.Generator,
    widths: Sequence[float] = WIDTHS,
    ridges: Sequence[float] = RIDGES,
) -> tuple[Floats, dict[str, Any]]:
    """Return estimates of p_target / (a p_target + (1 - a) p_train) at the training rows.

    a = `relative` = 0 is uLSIF; above 0 it is RuLSIF, whose ratio is never above 1 / a. The ratio
    is a sum of Gaussian kernels at target rows whose coefficients solve (H + ridge) c = h, and is
    cut at 0; width and ridge minimise the squared error on pairs left out, in closed form.

    Args:
        train: (N, I), at least two rows.
        target: (M, I), at least two rows.
        relative: a, from 0 to below 1.
        n_centres: kernels.
        rng: draws centres, and pairs to leave out.
        widths: tried, in units of the median distance.
        ridges: tried.

    Cost: widths x (N + M) K^2 flop for K centres; memory does not grow with N or M.

    Source: Kanamori, Hido and Sugiyama, JMLR 10, 2009; the ratio cut, not its coefficients:
    Kanamori, Suzuki and Sugiyama, Machine Learning 86, 2012; Yamada, Suzuki, Kanamori, Hachiya and
    Sugiyama, Neural Computation 25, 2013.
    """
    centres = draw_rows(rng, target, n_centres)
    median = median_distance(rng, train, target)
    n_pairs = min(len(train), len(target), _PAIRS)
    left_train = train[rng.choice(len(train), n_pairs, replace=False)]
    left_target = target[rng.choice(len(target), n_pairs, replace=False)]
    best: tuple[float, float, float, Floats] | None = None
    for width in widths:
        kernels = Kernels(centres, width * median)
        moments = kernels.moments(train), kernels.moments(target)
        values = kernels(left_train), kernels(left_target)
        for ridge in ridges:
            score = leave_one_out(
                moments, values, (len(train), len(target)), relative=relative, ridge=ridge
            )
            if best is None or score < best[0]:
                best = score, width * median, ridge, solve(moments, relative, ridge)
    assert best is not None
    score, width, ridge, coefficients = best
    # Coefficients cut at 0, as in the first paper, are no solution any more: in five columns that
    # was no better than no weights, and a ratio cut at 0 has 0.4 of their error.
    ratios = np.maximum(Kernels(centres, width).combine(train, coefficients), 0)
    return ratios, {"width": width, "ridge": ridge, "score": score, "n_centres": len(centres)}


Moments = tuple[tuple[Floats, Floats], tuple[Floats, Floats]]


def solve(moments: Moments, relative: float, ridge: float) -> Floats:
    """Return (H + ridge)^-1 h, H = a H_target + (1 - a) H_train, (K,)."""
    (train_products, _), (target_products, target_means) = moments
    products = relative * target_products + (1 - relative) * train_products
    products = products + ridge * np.eye(len(products))
    return np.asarray(np.linalg.solve(products, target_means))


def leave_one_out(
    moments: Moments,
    values: tuple[Floats, Floats],
    sizes: tuple[int, int],
    *,
    relative: float,
    ridge: float,
) -> float:
    """Return the mean of a r(y)^2 / 2 + (1 - a) r(x)^2 / 2 - r(y), (x, y) left out of r.

    Leaving out a training row x and a target row y changes H by two products of vectors, so each
    refit costs two products with one inverse (Woodbury's formula).

    Args:
        moments: of all training rows and of all target rows.
        values: kernels of the training and the target rows left out, (P, K) each.
        sizes: N and M, at least 2.
        relative: a.
        ridge: added to H.
    """
    (train_products, _), (target_products, target_means) = moments
    (n_train, n_target), (x, y) = sizes, values
    shrink_x, shrink_y = (1 - relative) / (n_train - 1), relative / (n_target - 1)
    whole = shrink_y * n_target * target_products + shrink_x * n_train * train_products
    inverse = np.linalg.inv(whole + ridge * np.eye(len(whole)))
    inverse_x, inverse_y = x @ inverse, y @ inverse
    # h without y, and what the inverse of the whole makes of it
    means = (n_target * target_means - y) / (n_target - 1)
    plain = means @ inverse
    # the 2 x 2 system of each pair
    a11 = 1 - shrink_x * np.einsum("pk,pk->p", x, inverse_x)
    a22 = 1 - shrink_y * np.einsum("pk,pk->p", y, inverse_y)
    a12 = -np.sqrt(shrink_x * shrink_y) * np.einsum("pk,pk->p", x, inverse_y)
    b1 = np.sqrt(shrink_x) * np.einsum("pk,pk->p", inverse_x, means)
    b2 = np.sqrt(shrink_y) * np.einsum("pk,pk->p", inverse_y, means)
    determinant = a11 * a22 - a12**2
    c1, c2 = (a22 * b1 - a12 * b2) / determinant, (a11 * b2 - a12 * b1) / determinant
    coefficients = plain + np.sqrt(shrink_x) * c1[:, None] * inverse_x
    coefficients += np.sqrt(shrink_y) * c2[:, None] * inverse_y
    at_x = np.maximum(np.einsum("pk,pk->p", x, coefficients), 0)
    at_y = np.maximum(np.einsum("pk,pk->p", y, coefficients), 0)
    losses = relative / 2 * at_y**2 + (1 - relative) / 2 * at_x**2 - at_y
    return float(losses.mean())
