"""Theory as tools: graphs, gradients, curvature, memory, splits, stability, expressiveness."""

from mlplab.theory.approximate import Approximation, approximate
from mlplab.theory.curvature import Curvature, curvature
from mlplab.theory.derive.equations import Derivation, Equation, derive
from mlplab.theory.expression import Expression, parse
from mlplab.theory.graph.computation import Graph, Operator, Values, Variable
from mlplab.theory.graph.module import TracedModule, trace_module
from mlplab.theory.graph.network import network_graph
from mlplab.theory.graph.svg import graph_svg
from mlplab.theory.graph.values import draw_example, graph_values
from mlplab.theory.hessian import hessian, hessian_operator
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
from mlplab.theory.spectral_density import SpectralDensity, spectral_density
from mlplab.theory.surface import Surface, surface
from mlplab.theory.symmetry import equalise, exchange_error, unit_spread

__all__ = [
    "Approximation",
    "Curvature",
    "Derivation",
    "Equation",
    "Expression",
    "Graph",
    "Operator",
    "Pieces",
    "Plane",
    "Signal",
    "SpectralDensity",
    "Surface",
    "TracedModule",
    "Values",
    "Variable",
    "approximate",
    "curvature",
    "derive",
    "draw_example",
    "draw_factors",
    "equalise",
    "exchange_error",
    "gaussian_exponents",
    "graph_svg",
    "graph_values",
    "hessian",
    "hessian_operator",
    "log_extremes",
    "log_growth",
    "network_graph",
    "parse",
    "pieces",
    "plane_through",
    "product_eigenvalue_bounds",
    "random_plane",
    "signal",
    "singular_value_bounds",
    "spectral_density",
    "surface",
    "trace_module",
    "unit_spread",
]
