"""Theory as tools: what ReLU networks express, signals at first weights, surfaces, curvature."""

from mlplab.theory.approximate import Approximation, approximate
from mlplab.theory.curvature import Curvature, curvature
from mlplab.theory.expression import Expression, parse
from mlplab.theory.hessian import hessian, hessian_operator
from mlplab.theory.pieces import Pieces, pieces
from mlplab.theory.plane import Plane, plane_through, random_plane
from mlplab.theory.signal import Signal, signal
from mlplab.theory.spectral_density import SpectralDensity, spectral_density
from mlplab.theory.surface import Surface, surface

__all__ = [
    "Approximation",
    "Curvature",
    "Expression",
    "Pieces",
    "Plane",
    "Signal",
    "SpectralDensity",
    "Surface",
    "approximate",
    "curvature",
    "hessian",
    "hessian_operator",
    "parse",
    "pieces",
    "plane_through",
    "random_plane",
    "signal",
    "spectral_density",
    "surface",
]
