"""Workload E's configurations, the same for this package and for its baselines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

RATES = (0.0003, 0.0006, 0.001, 0.002, 0.004)
DECAYS = (0.0, 1e-5, 1e-4, 1e-3)
DROPOUTS = (0.0, 0.1, 0.2, 0.3, 0.5)
HIDDEN = (256, 128)
N_EPOCHS, BATCH_SIZE = 40, 64


@dataclass(frozen=True, slots=True)
class Configuration:
    """One of the settings that a table's network is tried with, on every fold."""

    rate: float
    decay: float
    dropout: float


def configurations() -> tuple[Configuration, ...]:
    """Return all 100 of them, dropout changing fastest.

    >>> found = configurations()
    >>> len(found), found[1]
    (100, Configuration(rate=0.0003, decay=0.0, dropout=0.1))
    """
    return tuple(Configuration(*parts) for parts in product(RATES, DECAYS, DROPOUTS))


def sample() -> tuple[Configuration, ...]:
    """Return the few that a baseline times: no dropout and some, no decay and some."""
    chosen = configurations()
    return tuple(chosen[place] for place in (0, 7, 42, 99))
