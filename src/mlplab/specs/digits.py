"""How many digits tell numbers apart that are shown side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

FEWEST = 6  # what `:g` shows anyway
MOST = 17  # that many tell any two float64 apart


def digits_apart(values: Iterable[Any]) -> int:
    """Return the fewest significant digits, from 6, that show different numbers differently.

    Args:
        values: numbers, tuples of them, or anything else, which is passed over.

    >>> digits_apart([0.1, 0.3]), digits_apart([0.12345671, 0.12345678])
    (6, 7)
    """
    numbers = {number for value in values for number in _numbers(value)}
    for digits in range(FEWEST, MOST):
        if len({f"{number:.{digits}g}" for number in numbers}) == len(numbers):
            return digits
    return MOST


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _numbers(part)
    elif hasattr(value, "item"):
        yield from _numbers(value.item())
    elif isinstance(value, float) and math.isfinite(value):
        yield float(value)
