"""Theory as tools: what ReLU networks express, signals at first weights, loss surfaces."""

from mlplab.theory.approximate import Approximation, approximate
from mlplab.theory.expression import Expression, parse
from mlplab.theory.pieces import Pieces, pieces
from mlplab.theory.plane import Plane, plane_through, random_plane
from mlplab.theory.signal import Signal, signal
from mlplab.theory.surface import Surface, surface

__all__ = [
    "Approximation",
    "Expression",
    "Pieces",
    "Plane",
    "Signal",
    "Surface",
    "approximate",
    "parse",
    "pieces",
    "plane_through",
    "random_plane",
    "signal",
    "surface",
]
