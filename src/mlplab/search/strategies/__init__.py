"""The strategies by name, one per file: what to train next, from what came of the last."""

from __future__ import annotations

from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.search.strategies.base import Strategy
from mlplab.search.strategies.coordinate import coordinate
from mlplab.search.strategies.grid import grid
from mlplab.search.strategies.halving import halving
from mlplab.search.strategies.hyperband import hyperband
from mlplab.search.strategies.racing import racing
from mlplab.search.strategies.random import random
from mlplab.search.strategies.tpe import tpe
from mlplab.specs.strategies import STRATEGY_NAMES

__all__ = ["STRATEGIES", "Strategy", "strategy_of"]

_IN_ORDER = (grid, random, coordinate, tpe, halving, hyperband, racing)
STRATEGIES: dict[str, Strategy] = dict(zip(STRATEGY_NAMES, _IN_ORDER, strict=True))


def strategy_of(name: str) -> Strategy:
    """Return the strategy of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in STRATEGIES:
        raise ConfigError(f"strategy: {expected(name, STRATEGIES)}")
    return STRATEGIES[name]
