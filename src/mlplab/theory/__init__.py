"""Theory as tools: what ReLU networks can express, and how signals travel at first weights."""

from mlplab.theory.approximate import Approximation, approximate
from mlplab.theory.expression import Expression, parse
from mlplab.theory.pieces import Pieces, pieces
from mlplab.theory.signal import Signal, signal

__all__ = [
    "Approximation",
    "Expression",
    "Pieces",
    "Signal",
    "approximate",
    "parse",
    "pieces",
    "signal",
]
