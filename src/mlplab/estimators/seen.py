"""How many rows a scale has met, and how many of them lie far outside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FAR = 10.0
"""How many scales from its center a number is far."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Rows since a scale was found, for each of K columns.

    Attributes:
        rows: how many, (K,), or one number for all columns.
        far: those further than `FAR` scales from the center; in a chunk whose rows have weights,
            by their share of these.
    """

    rows: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    far: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))

    def plus(self, far: NDArray[np.bool_], weights: NDArray[Any] | None = None) -> Seen:
        """Return this with further rows.

        Args:
            far: which numbers are far, (N, K).
            weights: (N,); None where all are 1.

        >>> Seen().plus(np.array([[True, False], [False, False]])).far.tolist()
        [1.0, 0.0]
        """
        shares = np.ones(len(far)) if weights is None else weights / weights.mean()
        return Seen(self.rows + np.full(far.shape[1], shares.sum()), self.far + shares @ far)

    def renewed(self, columns: NDArray[np.bool_], seen: Seen) -> Seen:
        """Return this with what another one has of some columns, (K,) bool."""
        rows, far = np.where(columns, seen.rows, self.rows), np.where(columns, seen.far, self.far)
        return Seen(rows, far)
