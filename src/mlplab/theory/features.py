"""Features of one number, for polynomial regression: bases, standardising, clipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError, DataError

Array = NDArray[np.float64]


def monomials(x: ArrayLike, n_terms: int, *, scaled: bool = True) -> Array:
    """Return x^i / i!, or x^i, for i from 0 to n_terms - 1.

    The data set `polynomial` holds the same numbers, bit for bit.

    Args:
        x: of any shape, such as (R, N).
        n_terms: K.
        scaled: divide by i!.

    Returns:
        Features, (..., K).

    Raises:
        DataError: x is not finite.
        ConfigError: n_terms is below 1.

    >>> monomials([2.0], 4).tolist(), monomials([2.0], 4, scaled=False).tolist()
    ([[1.0, 2.0, 2.0, 1.3333333333333333]], [[1.0, 2.0, 4.0, 8.0]])
    """
    x, terms = _begin(x, n_terms)
    for i in range(1, n_terms):
        terms[i] = terms[i - 1] * x
        if scaled:
            terms[i] /= i
    return _last(terms)


def legendre(
    x: ArrayLike, n_terms: int, *, half_width: float | Array = 1.0, normalised: bool = True
) -> Array:
    """Return Legendre polynomials of x / half_width, orthogonal over |x| <= half_width.

    (i + 1) P_{i+1} = (2 i + 1) x P_i - i P_{i-1}. Outside the interval they grow like powers.

    Args:
        x: of any shape, such as (R, N).
        n_terms: K.
        half_width: of the interval about 0, such as 3 for standard normal x; or an array that
            broadcasts with x, such as each run's own (R, 1).
        normalised: times sqrt(2 i + 1): mean square 1 for x uniform on the interval.

    Returns:
        Features, (..., K).

    Raises:
        DataError: x is not finite.
        ConfigError: n_terms is below 1 or half_width not above 0.

    Source: Abramowitz and Stegun, 22.7.10.

    >>> legendre([0.5], 3, normalised=False).tolist()
    [[1.0, 0.5, -0.125]]
    """
    width = np.asarray(half_width, dtype=np.float64)
    if not ((width > 0) & (width < np.inf)).all():
        raise ConfigError(f"half_width: expected finite numbers above 0; got {half_width!r}")
    x, terms = _begin(x, n_terms)
    x = x / width
    if n_terms > 1:
        terms[1] = x
    for i in range(1, n_terms - 1):
        terms[i + 1] = ((2 * i + 1) * x * terms[i] - i * terms[i - 1]) / (i + 1)
    if normalised:
        terms *= np.sqrt(2 * np.arange(n_terms) + 1).reshape(-1, *[1] * x.ndim)
    return _last(terms)


def hermite(x: ArrayLike, n_terms: int, *, normalised: bool = True) -> Array:
    """Return the probabilists' Hermite polynomials, orthogonal for standard normal x.

    He_{i+1} = x He_i - i He_{i-1}; normalised by sqrt(i!) the recurrence is
    sqrt(i + 1) h_{i+1} = x h_i - sqrt(i) h_{i-1}, which never overflows.

    Args:
        x: of any shape, such as (R, N).
        n_terms: K.
        normalised: divided by sqrt(i!): mean square 1 for standard normal x.

    Returns:
        Features, (..., K).

    Raises:
        DataError: x is not finite.
        ConfigError: n_terms is below 1.

    Source: Abramowitz and Stegun, 22.7.14.

    >>> hermite([2.0], 4, normalised=False).tolist()
    [[1.0, 2.0, 3.0, 2.0]]
    """
    x, terms = _begin(x, n_terms)
    if n_terms > 1:
        terms[1] = x
    for i in range(1, n_terms - 1):
        if normalised:
            terms[i + 1] = (x * terms[i] - i**0.5 * terms[i - 1]) / (i + 1) ** 0.5
        else:
            terms[i + 1] = x * terms[i] - i * terms[i - 1]
    return _last(terms)


def clipped(features: ArrayLike, bound: float) -> Array:
    """Return the features with what lies outside [-bound, bound] moved to its ends.

    Args:
        features: of any shape.
        bound: above 0.

    Raises:
        DataError: the features are not finite.
        ConfigError: the bound is not above 0.

    >>> clipped([-9.0, 0.5], 3.0).tolist()
    [-3.0, 0.5]
    """
    if not bound > 0:
        raise ConfigError(f"bound: expected a number above 0; got {bound!r}")
    return np.clip(_finite(features, "features"), -bound, bound)


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Mean and standard deviation of training features, for them and for others.

    Attributes:
        mean: (..., 1, K); 0 for a constant column, which thereby stays what it is.
        deviation: (..., 1, K); 1 for a constant column.

    >>> train = np.array([[1.0, 2.0], [1.0, 6.0]])
    >>> Standardiser.of(train)(train).tolist()
    [[1.0, -1.0], [1.0, 1.0]]
    """

    mean: Array
    deviation: Array

    @staticmethod
    def of(features: ArrayLike) -> Standardiser:
        """Measure features (..., N, K) over their rows, each run on its own.

        Raises:
            DataError: fewer than two dimensions, no rows, or numbers that are not finite.
        """
        train = _finite(features, "features")
        if train.ndim < 2 or not train.shape[-2]:
            raise DataError(f"features: expected the shape (..., N, K), N >= 1; got {train.shape}")
        mean = train.mean(axis=-2, keepdims=True)
        deviation = train.std(axis=-2, keepdims=True)
        # A constant's deviation may be a rounding error of 0.
        constant = np.ptp(train, axis=-2, keepdims=True) == 0
        return Standardiser(np.where(constant, 0.0, mean), np.where(constant, 1.0, deviation))

    def __call__(self, features: ArrayLike) -> Array:
        """Return (features - mean) / deviation, with the training rows' numbers."""
        return np.asarray((_finite(features, "features") - self.mean) / self.deviation)


def _begin(x: ArrayLike, n_terms: int) -> tuple[Array, Array]:
    """Return x, and room for the terms (K, ...) that begins with ones."""
    if not isinstance(n_terms, int | np.integer) or n_terms < 1:
        raise ConfigError(f"n_terms: expected a whole number from 1; got {n_terms!r}")
    numbers = _finite(x, "x")
    terms = np.empty((int(n_terms), *numbers.shape))
    terms[0] = 1.0
    return numbers, terms


def _last(terms: Array) -> Array:
    # Terms come first while they are made: each is one contiguous array.
    return np.ascontiguousarray(np.moveaxis(terms, 0, -1))


def _finite(values: ArrayLike, name: str) -> Array:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise DataError(f"{name}: expected finite numbers; got {numbers[~np.isfinite(numbers)][0]}")
    return numbers
