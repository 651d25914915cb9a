"""Products of random matrices, as deep networks make them: how they grow, and how ill they get."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.specs.keyed import philox

Array = NDArray[np.float64]
Kind = Literal["gaussian", "orthogonal"]


def gaussian_exponents(n: int, scale: float = 1.0) -> Array:
    """Return the Lyapunov exponents of products of N x N matrices with entries N(0, scale^2 / N).

    The k-th largest singular value of a product of D of them grows like exp(D e_k), with
    e_k = log scale + (log(2 / N) + digamma((N - k + 1) / 2)) / 2, k = 1 to N.

    Returns:
        From the largest to the smallest, (N,).

    Raises:
        ConfigError: no size, or no positive scale.

    Source: Newman (1986), Communications in Mathematical Physics 103.

    >>> gaussian_exponents(2).round(3).tolist()
    [-0.289, -0.982]
    """
    from scipy.special import digamma

    _check_size(n)
    if not 0 < scale < np.inf:
        raise ConfigError(f"scale: expected a positive number; got {scale:g}")
    free = np.arange(n, 0, -1)
    return np.asarray(np.log(scale) + (np.log(2 / n) + digamma(free / 2)) / 2)


def draw_factors(kind: Kind, n: int, depth: int, seed: int, scale: float = 1.0) -> Array:
    """Draw square matrices: entries N(0, scale^2 / N), or scale times orthogonal ones.

    Args:
        kind: `gaussian` or `orthogonal` (uniform, by Haar's measure).
        n: their size.
        depth: how many.
        seed: of the draw; a shorter product has the first factors of a longer one.
        scale: of the entries.

    Returns:
        (D, N, N), the factor that acts first in front.

    Raises:
        ConfigError: an unknown kind, no size, or no factor.
    """
    _check_size(n)
    if depth < 1:
        raise ConfigError(f"depth: expected one factor at least; got {depth}")
    if kind not in get_args(Kind):
        raise ConfigError(f"kind: {expected(kind, get_args(Kind))}")
    drawn = philox(seed, "random product").standard_normal((depth, n, n))
    if kind == "gaussian":
        return np.asarray(scale / np.sqrt(n) * drawn)
    q, r = np.linalg.qr(drawn)
    # QR alone is not uniform: its signs are a convention.
    return np.asarray(scale * q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None])


def log_growth(factors: Array) -> Array:
    """Return how much the partial products stretch the first unit vector: log ||W_d ... W_1 e_1||.

    For Gaussian factors each step adds an independent number of mean `gaussian_exponents(n)[0]`.

    Args:
        factors: (D, N, N), the one that acts first in front.

    Returns:
        By depth, (D,).
    """
    vector = np.zeros(factors.shape[-1])
    vector[0] = 1.0
    steps = []
    for factor in factors:
        vector = factor @ vector
        size = float(np.linalg.norm(vector))
        steps.append(np.log(size))
        vector /= size
    return np.cumsum(steps)


def log_extremes(factors: Array) -> tuple[Array, Array]:
    """Return the logarithms of the largest and the smallest singular value of partial products.

    The smallest is 1 over the largest of the inverse product: a decomposition of the product
    itself loses it where the condition number passes 10^16.

    Args:
        factors: (D, N, N), the one that acts first in front, invertible.

    Returns:
        By depth, (D,) each.

    Cost: two products and a largest singular value for each factor.

    >>> high, low = log_extremes(np.array([np.diag([2.0, 1e-9])] * 3))
    >>> (np.exp(high) .round(6).tolist(), (low / np.log(10)).round(6).tolist())
    ([2.0, 4.0, 8.0], [-9.0, -18.0, -27.0])
    """
    high = _log_norms(factors)
    # The inverse of W_d ... W_1 takes its factors from the other side.
    low = -_log_norms(np.swapaxes(np.linalg.inv(factors), 1, 2))
    return high, low


def _log_norms(factors: Array) -> Array:
    """The log of the spectral norm of each partial product, kept in range by its own size."""
    product, total = np.eye(factors.shape[-1]), 0.0
    out = []
    for factor in factors:
        product = factor @ product
        size = float(np.linalg.norm(product, 2))
        total += np.log(size)
        product /= size
        out.append(total)
    return np.array(out)


def _check_size(n: int) -> None:
    if n < 1:
        raise ConfigError(f"n: expected a size of 1 at least; got {n}")
