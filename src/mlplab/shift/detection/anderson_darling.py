"""The limiting distribution of the Anderson-Darling statistic."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_FAR = 10.0  # the sum's rounding is below 0.1 % of the p-value there
_MOST, _N_POINTS = 400.0, 2**16


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
