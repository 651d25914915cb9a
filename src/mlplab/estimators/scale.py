"""Robust scaling with outliers bent back smoothly, for rows with weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.estimators.seen import FAR, Seen

# As in the source: far values keep their order and lose their leverage.
LIMIT = 3.0
_QUARTILES = (0.25, 0.5, 0.75)
_ROWS_AT_ONCE = 8192  # in float64 and in between; the whole would take several times the data


@dataclass(frozen=True, eq=False)
class SmoothClip:
    """`t / sqrt(1 + (t / 3)^2)` with `t = (x - center) / scale`; constant columns are left out.

    `center` is the median, `scale` the distance of the quartiles, or half the range where they
    coincide.

    Attributes:
        columns: which of the I features are used, (I,) bool; J of them.
        center: (J,).
        scale: (J,); 0 for a kept column that did not vary yet, which is shifted alone.
        seen: rows since center and scale were found.

    Source: Holzmüller, Grinsztajn and Steinwart, Better by default, arXiv 2407.04491, 2024.
    """

    columns: NDArray[np.bool_]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    seen: Seen = field(default_factory=Seen)

    @classmethod
    def fit(
        cls, X: NDArray[Any], weights: NDArray[Any] | None = None, *, keep_constant: bool = False
    ) -> SmoothClip:
        """Find center and scale; a whole weight k does what k equal rows do.

        Args:
            X: (N, I), finite.
            weights: (N,), above 0; None where all are 1.
            keep_constant: keep columns that do not vary, shifted to 0, as later rows may; see
                `widened`.

        >>> SmoothClip.fit(np.array([[0.0], [1], [2], [3], [1e6]])).center.tolist()
        [2.0]
        """
        lower, center, upper = quantiles(X, weights, _QUARTILES)
        low, high = X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64)
        columns = high > low
        # half of each before the difference: a range of 3e308 would overflow
        with np.errstate(over="ignore"):
            spread = np.where(upper > lower, upper - lower, high / 2 - low / 2)
        sound = np.isfinite(spread) & (spread > 0)
        # A spread that overflows still is one: the largest float. 0 marks what does not vary.
        scale = np.where(sound, spread, np.where(columns, np.where(spread > 0, 1e308, 1.0), 0.0))
        if keep_constant or not columns.any():
            columns = np.ones_like(columns)
        near = np.zeros((len(X), int(columns.sum())), dtype=bool)
        return cls(columns, center[columns], scale[columns], Seen().plus(near, weights))

    def widened(self, X: NDArray[Any], weights: NDArray[Any] | None = None) -> SmoothClip:
        """Return this with the scale of further rows for each column whose own does not fit them.

        It does not where the column did not vary so far, or where more than half of the rows since
        the scale was found are further than 10 scales from the center: the quartiles of no rows
        leave so many outside. The column has then told a network little: all it saw is nearly one
        value, in what now counts as spread.

        Args:
            X: further rows, (N, I).
            weights: (N,), above 0; None where all are 1.
        """
        rows = X[:, self.columns].astype(np.float64)
        # halves: the distance of 1e308 and -1e308 overflows
        distance, edge = np.abs(rows / 2 - self.center / 2), FAR / 2 * np.minimum(self.scale, 1e306)
        seen = self.seen.plus(distance > edge, weights)
        flat = (self.scale == 0) & (rows != self.center).any(axis=0)
        fresh = flat | ((self.scale > 0) & (seen.far > seen.rows / 2))
        center, scale = self.center.copy(), self.scale.copy()
        if fresh.any():
            if weights is not None:
                # The old center counts as one row: it is all that was seen so far.
                weights = np.concatenate([[weights.mean()], weights])
            rows = np.concatenate([self.center[None], rows])
            found = SmoothClip.fit(rows, weights, keep_constant=True)
            center[fresh], scale[fresh] = found.center[fresh], found.scale[fresh]
            seen = seen.renewed(fresh, found.seen)
        return SmoothClip(self.columns, center, scale, seen)

    def transform(self, X: NDArray[Any], dtype: str = "float32") -> NDArray[Any]:
        """Return scaled and bent features, (N, J)."""
        scale = np.where(self.scale > 0, self.scale, 1.0)
        out = np.empty((len(X), int(self.columns.sum())), dtype=dtype)
        for first in range(0, len(X), _ROWS_AT_ONCE):
            rows = X[first : first + _ROWS_AT_ONCE, self.columns].astype(np.float64)
            with np.errstate(over="ignore"):
                # hypot squares: beyond 1e154 it would be infinite, and far values 0.
                scaled = np.clip((rows - self.center) / scale, -1e100, 1e100)
            out[first : first + _ROWS_AT_ONCE] = scaled / np.hypot(1.0, scaled / LIMIT)
        return out


def quantiles(
    values: NDArray[Any], weights: NDArray[Any] | None, shares: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return quantiles of each column, (len(shares), I): the averaged inverse of the distribution.

    Args:
        values: (N, I).
        weights: (N,), above 0; None where all are 1.
        shares: between 0 and 1.

    >>> quantiles(np.array([[1.0], [2], [9]]), np.array([1.0, 2, 1]), (0.5,)).tolist()
    [[2.0]]
    """
    if weights is None:
        found = np.quantile(
            values.astype(np.float64), shares, axis=0, method="averaged_inverted_cdf"
        )
        return np.asarray(found)
    order = np.argsort(values, axis=0, kind="stable")
    ranked = np.take_along_axis(values, order, axis=0).astype(np.float64)
    totals = np.cumsum(np.asarray(weights, dtype=np.float64)[order], axis=0)
    out = np.empty((len(shares), values.shape[1]))
    last = len(values) - 1
    for k, share in enumerate(shares):
        goal = share * totals[-1]
        # the first row at which the share is reached, and the first at which it is passed
        # A margin of rounding: sums of weights must cut where whole rows would.
        reached = np.minimum((totals < goal * (1 - 1e-12)).sum(axis=0), last)
        passed = np.minimum((totals <= goal * (1 + 1e-12)).sum(axis=0), last)
        columns = np.arange(values.shape[1])
        out[k] = ranked[reached, columns] / 2 + ranked[passed, columns] / 2
    return out
