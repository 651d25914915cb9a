"""Interval arithmetic with outward rounding, and Taylor jets of intervals to the second order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _out(low: Array, high: Array) -> Interval:
    """Round outwards by two steps: elementary functions of numpy are right to within one."""
    wide = np.nextafter(np.nextafter(low, -np.inf), -np.inf)
    tall = np.nextafter(np.nextafter(high, np.inf), np.inf)
    # An undefined end, such as 0 * inf, says nothing: everything is possible.
    return Interval(np.where(np.isnan(wide), -np.inf, wide), np.where(np.isnan(tall), np.inf, tall))


@dataclass(frozen=True, eq=False)
class Interval:
    """Closed intervals, elementwise: every true value lies between `low` and `high`.

    Source: Moore, Kearfott and Cloud, Introduction to interval analysis (2009).

    >>> x = Interval(np.array([-1.0]), np.array([2.0]))
    >>> bool((x * x).low <= -2.0), bool(x.power(2).low >= -1e-300)
    (True, True)
    """

    low: Array
    high: Array

    @staticmethod
    def of(value: float) -> Interval:
        """Return the interval of one number."""
        return Interval(np.array(value, dtype=np.float64), np.array(value, dtype=np.float64))

    def __add__(self, other: Interval) -> Interval:
        return _out(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return _out(self.low - other.high, self.high - other.low)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Interval) -> Interval:
        with np.errstate(all="ignore"):
            ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        # 0 times an infinite end is 0: the factor is exactly 0.
        ends = [np.where(np.isnan(end), 0.0, end) for end in ends]
        return _out(np.minimum.reduce(ends), np.maximum.reduce(ends))

    def __truediv__(self, other: Interval) -> Interval:
        with np.errstate(all="ignore"):
            around = (other.low <= 0) & (other.high >= 0)
            inverse = _out(1 / other.high, 1 / other.low)
        low = np.where(around, -np.inf, inverse.low)
        return self * Interval(low, np.where(around, np.inf, inverse.high))

    def power(self, n: int) -> Interval:
        """Return x^n for a whole n >= 0."""
        ends = self.low**n, self.high**n
        low, high = np.minimum(*ends), np.maximum(*ends)
        if n % 2 == 0 and n:
            low = np.where((self.low <= 0) & (self.high >= 0), 0.0, low)
        return _out(low, high)

    def monotone(self, function: Callable[[Array], Array]) -> Interval:
        """Return the values of a function that grows."""
        with np.errstate(all="ignore"):
            return _out(function(self.low), function(self.high))

    def sin(self) -> Interval:
        """Return the values of the sine."""
        return (self - Interval.of(math.pi / 2)).cos()

    def cos(self) -> Interval:
        """Return the values of the cosine; turning points inside count."""
        with np.errstate(all="ignore"):
            ends = np.cos(self.low), np.cos(self.high)
            # A little wider, so that a turning point at an end is never missed.
            low, high = self.low - 1e-9, self.high + 1e-9
            peak = np.floor(high / (2 * np.pi)) >= np.ceil(low / (2 * np.pi))
            trough = np.floor((high / np.pi - 1) / 2) >= np.ceil((low / np.pi - 1) / 2)
        found = _out(np.minimum(*ends), np.maximum(*ends))
        return Interval(np.where(trough, -1.0, found.low), np.where(peak, 1.0, found.high))

    @property
    def size(self) -> Array:
        """The largest absolute value."""
        return np.maximum(np.abs(self.low), np.abs(self.high))


@dataclass(frozen=True, eq=False)
class Jet:
    """Bounds of a function and of its first two derivatives on an interval of x."""

    value: Interval
    first: Interval
    second: Interval

    @staticmethod
    def constant(number: float) -> Jet:
        """Return the jet of a number."""
        zero = Interval.of(0.0)
        return Jet(Interval.of(number), zero, zero)

    @staticmethod
    def variable(low: Array, high: Array) -> Jet:
        """Return the jet of x itself."""
        return Jet(Interval(low, high), Interval.of(1.0), Interval.of(0.0))

    def __add__(self, other: Jet) -> Jet:
        return Jet(self.value + other.value, self.first + other.first, self.second + other.second)

    def __sub__(self, other: Jet) -> Jet:
        return Jet(self.value - other.value, self.first - other.first, self.second - other.second)

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.first, -self.second)

    def __mul__(self, other: Jet) -> Jet:
        cross = self.first * other.first
        second = self.second * other.value + (cross + cross) + self.value * other.second
        return Jet(
            self.value * other.value,
            self.first * other.value + self.value * other.first,
            second,
        )

    def __truediv__(self, other: Jet) -> Jet:
        one, v = Interval.of(1.0), other.value
        inverse = one / v
        return self * other.chain(
            inverse, -(inverse * inverse), (inverse * inverse) * (inverse + inverse)
        )

    def power(self, n: int) -> Jet:
        """Return x^n for a whole n >= 0."""
        if n == 0:
            return Jet.constant(1.0)
        u = self.value
        first = Interval.of(n) * u.power(n - 1)
        second = Interval.of(n * (n - 1)) * u.power(n - 2) if n > 1 else Interval.of(0.0)
        return self.chain(u.power(n), first, second)

    def chain(self, value: Interval, first: Interval, second: Interval) -> Jet:
        """Return g(u) from the values of g, g' and g'' on the values of u."""
        square = self.first.power(2)
        return Jet(value, first * self.first, second * square + first * self.second)
