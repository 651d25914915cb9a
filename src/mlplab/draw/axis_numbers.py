"""How an axis writes its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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
