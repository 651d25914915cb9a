"""Theory as tools: graphs and gradients, what ReLU networks express, signals, loss surfaces."""

from mlplab.theory.approximate import Approximation, approximate
from mlplab.theory.derive.equations import Derivation, Equation, derive
from mlplab.theory.expression import Expression, parse
from mlplab.theory.graph.computation import Graph, Operator, Values, Variable
from mlplab.theory.graph.module import TracedModule, trace_module
from mlplab.theory.graph.network import network_graph
from mlplab.theory.graph.svg import graph_svg
from mlplab.theory.graph.values import draw_example, graph_values
from mlplab.theory.pieces import Pieces, pieces
from mlplab.theory.plane import Plane, plane_through, random_plane
from mlplab.theory.signal import Signal, signal
from mlplab.theory.surface import Surface, surface

__all__ = [
    "Approximation",
    "Derivation",
    "Equation",
    "Expression",
    "Graph",
    "Operator",
    "Pieces",
    "Plane",
    "Signal",
    "Surface",
    "TracedModule",
    "Values",
    "Variable",
    "approximate",
    "derive",
    "draw_example",
    "graph_svg",
    "graph_values",
    "network_graph",
    "parse",
    "pieces",
    "plane_through",
    "random_plane",
    "signal",
    "surface",
    "trace_module",
]
