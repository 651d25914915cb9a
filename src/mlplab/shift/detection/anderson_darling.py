"""The limiting distributions of the Anderson-Darling statistic, without ties and with them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_FAR = 6.0  # the sum's rounding is below 0.1 % of the p-value there
_MOST, _N_POINTS = 400.0, 2**14  # four times as many points take ten times as long


def anderson_darling_p(statistics: ArrayLike) -> Array:
    """Return P(A > a), A = sum_j Z_j^2 / (j (j + 1)): the limit for one and for two samples.

    By inversion of the characteristic function sqrt(-2 pi i t / cos(pi/2 sqrt(1 + 8 i t))); far
    out it falls like its largest term, exp(-a) / sqrt(a).

    Source: Anderson and Darling (1952), Annals of Mathematical Statistics 23; two samples: Pettitt
    (1976), Biometrika 63.

    >>> anderson_darling_p([1.933, 2.492, 3.878]).round(3)  # the tabulated 10, 5 and 1 % points
    array([0.1 , 0.05, 0.01])
    """
    values = np.atleast_1d(np.asarray(statistics, np.float64))
    places, terms = _inversion()
    near = np.minimum(values, _FAR)
    found = np.array([0.5 + float(np.imag(np.exp(-1j * places * a) * terms).sum()) for a in near])
    far = np.maximum(values, _FAR)
    beyond = np.sqrt(_FAR / far) * np.exp(_FAR - far)
    return np.asarray(np.clip(found * beyond, 0, 1))


@lru_cache(maxsize=1)
def _inversion() -> tuple[Array, NDArray[np.complex128]]:
    """Places t, and the characteristic function there over pi t, with the weights of a sum."""
    # Midpoints in the square root of t, in which the function is smooth and falls like exp.
    step = np.sqrt(_MOST) / _N_POINTS
    roots = (np.arange(_N_POINTS) + 0.5) * step
    t = np.square(roots)
    angle = np.pi / 2 * np.sqrt(1 + 8j * t)
    ratio = -2j * np.pi * t / np.cos(angle)
    phase = np.unwrap(np.angle(ratio))
    values = np.sqrt(np.abs(ratio)) * np.exp(0.5j * phase)
    return t, values / (np.pi * t) * 2 * roots * step


FEW_TIES = 0.02
"""Up to this share of rows with one value, ties change no p-value that anybody would notice."""
_N_NODES = 200


def tied_anderson_darling_p(statistic: float, counts: NDArray[np.integer]) -> float:
    """Return P(A > a) where many rows share a value, as zeros and grades do.

    The limit is sum_j w_j Z_j^2, with w the eigenvalues of the covariance of a Brownian bridge at
    the shares of rows up to each value, weighted as the statistic weighs them. Neighbouring values
    of few rows are put together. A column of one value alone, say 99 % zeros, has one weight close
    to 1 and falls like exp(-a / 2), where the law without ties falls like exp(-a).

    Args:
        statistic: of one column, see `columns.anderson_darling`.
        counts: rows of each distinct value, in the order of the values, (V,).

    Cost: O(200^3) at most.

    >>> float(np.round(tied_anderson_darling_p(2.492, np.ones(1000, int)), 3))  # no ties
    0.05
    >>> float(np.round(tied_anderson_darling_p(0.5 * 3.841, np.array([50, 50])), 3))  # chi-squared
    0.05
    """
    ends, shares = _nodes(counts)
    if not len(ends):
        return 1.0  # a constant
    odds = np.sqrt(ends / (1 - ends))
    correlations = np.minimum.outer(odds, odds) / np.maximum.outer(odds, odds)
    roots = np.sqrt(shares)
    weights = np.linalg.eigvalsh(roots[:, None] * correlations * roots)
    return weighted_chi_squared_p(statistic, weights[weights > 1e-12 * weights[-1]])


def _nodes(counts: NDArray[np.integer]) -> tuple[Array, Array]:
    """Places of the bridge, (K,), and the share of rows that weighs each, (K,)."""
    total = counts.sum()
    ends = np.asarray(np.cumsum(counts)[:-1] / total, np.float64)
    shares = np.asarray(counts[:-1] / total, np.float64)
    # Values with many rows stand alone; others share a cell of the unit interval.
    many = shares > 1 / _N_NODES
    cells = np.where(many, _N_NODES + np.arange(len(ends)), np.floor(ends * _N_NODES))
    _, firsts, places = np.unique(cells, return_index=True, return_inverse=True)
    together = np.asarray(np.bincount(places, shares, len(firsts)), np.float64)
    middles = np.bincount(places, shares * ends, len(firsts)) / together
    return np.asarray(middles, np.float64), together


def weighted_chi_squared_p(value: float, weights: Array) -> float:
    """Return P(sum_j w_j Z_j^2 > value) of independent standard normal Z, w positive.

    By a saddle point, with Lugannani and Rice's formula: off by a few per cent of the p-value.

    Source: Kuonen (1999), Biometrika 86.
    """
    from scipy.optimize import brentq
    from scipy.stats import chi2, norm

    if len(weights) == 1:
        return float(chi2.sf(value / weights[0], 1))
    if value <= 0:
        return 1.0

    def slope(s: float) -> float:
        return float((weights / (1 - 2 * s * weights)).sum()) - value

    largest = float(weights.max())
    mean = float(weights.sum())
    if abs(value - mean) < 1e-4 * mean:
        # The formula divides by nothing at the mean: from both sides of it.
        sides = [weighted_chi_squared_p(value + shift * mean, weights) for shift in (-1e-3, 1e-3)]
        return float(np.mean(sides))
    low = -len(weights) / (2 * value) - 1
    point = float(brentq(slope, low, (1 - 1e-12) / (2 * largest), xtol=1e-14, rtol=1e-12))
    terms = 1 - 2 * point * weights
    root = np.sign(point) * np.sqrt(2 * (point * value + 0.5 * np.log(terms).sum()))
    curved = point * np.sqrt(2 * np.square(weights / terms).sum())
    return float(np.clip(norm.sf(root) + norm.pdf(root) * (1 / curved - 1 / root), 0, 1))
