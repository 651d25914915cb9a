"""The few special functions the room needs; scipy loads when the first one is called."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def t_upper(tail: float, df: float) -> float:
    """Point that Student's t with `df` degrees of freedom exceeds with probability `tail`.

    >>> round(t_upper(0.025, 7), 4)
    2.3646
    """
    from scipy import special

    # scipy.special alone: importing scipy.stats takes 0.4 s more.
    return -float(special.stdtrit(df, tail))


def t_two_sided(t: ArrayLike, df: float) -> FloatArray:
    """Probability that |T| is at least |t|, elementwise.

    >>> round(float(t_two_sided(-2.3646, 7)), 4)
    0.05
    """
    from scipy import special

    # From the lower tail: 1 - cdf would lose small p to rounding.
    return np.asarray(2.0 * special.stdtr(df, -np.abs(np.asarray(t, dtype=np.float64))))


def chi2_lower(probability: float, df: float) -> float:
    """Point below which chi-squared with `df` degrees of freedom falls with `probability`.

    >>> round(chi2_lower(0.2, 7), 3)
    3.822
    """
    from scipy import special

    return 2.0 * float(special.gammaincinv(df / 2.0, probability))


def beta_quantile(probability: ArrayLike, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Quantile of the Beta(a, b) distribution, elementwise.

    >>> round(float(beta_quantile(0.5, 1.0, 1.0)), 3)
    0.5
    """
    from scipy import special

    shape_a, shape_b, below = (np.asarray(one, dtype=np.float64) for one in (a, b, probability))
    return np.asarray(special.betaincinv(shape_a, shape_b, below))


def beta_cdf(x: ArrayLike, a: float, b: float) -> FloatArray:
    """Probability that Beta(a, b) is at most x, elementwise.

    >>> round(float(beta_cdf(0.25, 1.0, 1.0)), 3)
    0.25
    """
    from scipy import special

    return np.asarray(special.betainc(a, b, np.asarray(x, dtype=np.float64)))


def fair_coin_cdf(heads: int, tosses: int) -> float:
    """Probability of at most `heads` heads in `tosses` fair tosses.

    >>> fair_coin_cdf(0, 3)
    0.125
    """
    from scipy import special

    return float(special.bdtr(float(heads), tosses, 0.5)) if heads >= 0 else 0.0
