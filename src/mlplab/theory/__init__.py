"""Theory as tools: what ReLU networks express, signals, spectra of products, loss surfaces."""

from mlplab.theory.approximate import Approximation, approximate
from mlplab.theory.expression import Expression, parse
from mlplab.theory.pieces import Pieces, pieces
from mlplab.theory.plane import Plane, plane_through, random_plane
from mlplab.theory.random_products import (
    draw_factors,
    gaussian_exponents,
    log_extremes,
    log_growth,
)
from mlplab.theory.signal import Signal, signal
from mlplab.theory.spectra import product_eigenvalue_bounds, singular_value_bounds
from mlplab.theory.surface import Surface, surface
from mlplab.theory.symmetry import equalise, exchange_error, unit_spread

__all__ = [
    "Approximation",
    "Expression",
    "Pieces",
    "Plane",
    "Signal",
    "Surface",
    "approximate",
    "draw_factors",
    "equalise",
    "exchange_error",
    "gaussian_exponents",
    "log_extremes",
    "log_growth",
    "parse",
    "pieces",
    "plane_through",
    "product_eigenvalue_bounds",
    "random_plane",
    "signal",
    "singular_value_bounds",
    "surface",
    "unit_spread",
]
