"""In which direction each column of two samples has moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.detection.columns import ColumnShift
from mlplab.shift.encoding import Encoded

Rows = NDArray[np.float32]
# Shares and sizes are the same numbers, rounded otherwise.
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """What moved most in one column.

    Attributes:
        name: of the encoded column, such as `age`, `age is missing` or `town = Oslo`.
        kind: a number; or whether an entry is missing or is this level, whose shares are told.
        first, second: mean in each sample; of numbers in deviations of all rows, without gaps.
        spread: of numbers, the second sample's deviation over the first's; else 1.
    """

    name: str
    kind: Literal["number", "missing", "level"]
    first: float
    second: float
    spread: float = 1.0

    def __str__(self) -> str:
        """Say it in a few words.

        >>> str(ColumnChange("town = Oslo", "level", 0.25, 0.5))
        'town = Oslo 25 % to 50 %'
        >>> str(ColumnChange("age", "number", -0.1, 0.3, 1.2))
        'mean +0.4 deviations, spread x 1.2'
        """
        if self.kind == "number":
            return f"mean {self.second - self.first:+.2g} deviations, spread x {self.spread:.2g}"
        return f"{self.name} {percent(self.first)} to {percent(self.second)}"


def percent(share: float) -> str:
    """Write a share.

    >>> percent(0.25), percent(0.004), percent(1.0)
    ('25 %', '0.4 %', '100 %')
    """
    return f"{100 * share:.3g} %" if share >= 0.1 else f"{100 * share:.2g} %"


def column_changes(encoded: Encoded, shifts: Sequence[ColumnShift]) -> dict[str, ColumnChange]:
    """Return what moved most in each of these columns, by its name.

    Of texts the level whose share moved most; of numbers the mean and the spread, or the share of
    gaps where that is what the column's size tells.
    """
    return {shift.name: _change(encoded, shift) for shift in shifts}


def _change(encoded: Encoded, shift: ColumnShift) -> ColumnChange:
    places = encoded.columns_of(shift.name)
    shares = [place for place in places if encoded.columns[place].kind != "number"]
    means = [half[:, shares].mean(axis=0, dtype=np.float64) for half in _halves(encoded)]
    moved = np.abs(means[1] - means[0])
    numbers = [place for place in places if encoded.columns[place].kind == "number"]
    if not numbers or (len(moved) and moved.max() >= shift.size - _ROUNDING):
        most = int(moved.argmax())
        column = encoded.columns[shares[most]]
        return ColumnChange(column.name, column.kind, float(means[0][most]), float(means[1][most]))
    known = [
        half[~(half[:, shares] > 0).any(axis=1), numbers[0]].astype(np.float64)
        for half in _halves(encoded)
    ]
    spreads = [float(part.std()) for part in known]
    ratio = spreads[1] / spreads[0] if spreads[0] > 0 else float("inf")
    return ColumnChange(shift.name, "number", float(known[0].mean()), float(known[1].mean()), ratio)


def _halves(encoded: Encoded) -> tuple[Rows, Rows]:
    return encoded.first, encoded.second
