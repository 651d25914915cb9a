"""Ranges of numbers that a search draws from."""

from __future__ import annotations

import math

from pydantic import Field, model_validator

from mlplab.specs import Spec

_EXACT = 2**53  # beyond, neighbouring whole numbers share a float


class Range(Spec):
    """Numbers from `low` to `high`, drawn uniformly or, with `log`, uniformly in the logarithm.

    A whole number stands for all that rounds to it, so that the ends are drawn like the others.

    >>> Range(low=0.001, high=1, log=True).at(0.5)
    0.03162277660168379
    >>> [Range(low=1, high=3, whole=True).at(share) for share in (0.2, 0.5, 0.8)]
    [1, 2, 3]
    """

    low: float
    high: float
    log: bool = Field(default=False, description="Whether the logarithm is uniform.")
    whole: bool = Field(default=False, description="Whether values are whole numbers.")

    @model_validator(mode="after")
    def _sound(self) -> Range:
        low, high = self.low, self.high
        if not low < high:
            raise ValueError(f"range: expected low < high; got {low:g} to {high:g}")
        if self.log and low <= 0:
            raise ValueError(f"range: a logarithm needs low > 0; got {low:g}")
        if not math.isfinite(high / low if self.log else high - low):
            raise ValueError(f"range: expected fewer orders of magnitude; got {low:g} to {high:g}")
        if self.whole and not (low.is_integer() and high.is_integer()):
            raise ValueError(f"range: whole numbers need whole bounds; got {low:g} to {high:g}")
        if self.whole and max(-low, high) >= _EXACT:
            raise ValueError(f"range: expected whole numbers below 2**53; got {low:g} to {high:g}")
        return self

    def at(self, share: float) -> float | int:
        """Return the value below which a share (0 to 1) of all draws lies."""
        if not self.whole:
            return self._between(self.low, self.high, share)
        value = self._between(self.low - 0.5, self.high + 0.5, share)
        return int(min(max(math.floor(value + 0.5), self.low), self.high))

    def steps(self, n: int) -> tuple[float | int, ...]:
        """Return n values at equal distances, ends included; whole numbers each once."""
        shares = [0.5] if n == 1 else [i / (n - 1) for i in range(n)]
        values = (self._between(self.low, self.high, share) for share in shares)
        return tuple(dict.fromkeys(round(v) if self.whole else v for v in values))

    def holds(self, value: object) -> bool:
        """Return whether a value is one of these numbers."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and (not self.whole or value == int(value))

    def _between(self, low: float, high: float, share: float) -> float:
        if self.log:
            value = float(low * math.pow(high / low, share))
        else:
            value = low + share * (high - low)
        return min(max(value, low), high)
