"""How an axis writes its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_SMALL = 1e-4  # numbers below have exponents


def number_labels(values: Iterable[float], number: str = ".6~g") -> dict[str, Any]:
    """Return how an axis writes numbers: the small ones with an exponent, if there are any."""
    if any(0 < abs(value) < _SMALL for value in values):
        # d3's "g" has exponents below 1e-6 only: 0.00001 stood beside 1e-10.
        with_exponent = f"0 < abs(datum.value) && abs(datum.value) < {_SMALL}"
        return {
            "labelExpr": f"{with_exponent} ? format(datum.value, '.3~e')"
            f" : format(datum.value, '{number}')"
        }
    return {"format": number}


def above_zero(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return a frame that a logarithmic axis can show: bands end at its smallest positive number.

    Means at 0 or below have no place there, and are left out; an interval's end has, at the edge.

    >>> import pandas as pd
    >>> above_zero(pd.DataFrame({"mean": [2.0, 0.0], "low": [-1.0, -1.0]}), "low")
       mean  low
    0   2.0  2.0
    1   NaN  2.0
    """
    means = frame["mean"].where(frame["mean"] > 0)
    shown = frame.assign(mean=means)
    parts = shown[["mean", *columns]]
    smallest = parts.where(parts > 0).min().min()
    # What is missing stays so: it is not below zero.
    ends = {name: shown[name].mask(shown[name] <= 0, smallest) for name in columns}
    return shown.assign(**ends)
