"""Factors and their values, shown as they would be typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlplab.specs.digits import FEWEST, digits_apart
from mlplab.specs.paths import short_names

if TYPE_CHECKING:
    from mlplab.experiment import Arm


def show_level(value: Any, digits: int = FEWEST) -> str:
    """Return a factor's value as it would be typed.

    >>> show_level((256, 128)), show_level(()), show_level(1e6)
    ('256x128', 'none', '1e+06')
    """
    if isinstance(value, list | tuple):
        return "x".join(show_level(part, digits) for part in value) or "none"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def digits_of(arms: Iterable[Arm]) -> int:
    """Return how many digits tell the factor values of all arms apart."""
    return digits_apart(value for arm in arms for value in arm.factors.values())


def show_factors(factors: Mapping[str, Any], digits: int = FEWEST) -> str:
    """Return a configuration in one line.

    >>> show_factors({"optim.lr": 0.1, "net.hidden": (256, 128)})
    'lr=0.1 hidden=256x128'
    """
    names = short_names(factors)
    return " ".join(f"{names[path]}={show_level(value, digits)}" for path, value in factors.items())
