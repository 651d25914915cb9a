"""The example that the page steps through: a network of numbers that can be followed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mlplab.specs import MLP
from mlplab.theory import Graph, Values, graph_values, network_graph
from mlplab.theory.tape import Node, Tape

Array = NDArray[np.float64]
NET = MLP(hidden=2, activation="relu")
L2 = 0.1
# One hidden unit is on and one is off: what phi' does can be seen.
GIVEN: Mapping[str, list[float] | list[list[float]]] = {
    "x": [1.0, 2.0],
    "W1": [[0.5, 0.25], [-1.0, 0.25]],
    "b1": [0.5, 0.0],
    "W2": [[2.0, -1.0]],
    "b2": [-0.5],
    "y": [2.0],
}


def example_graph() -> Graph:
    """Return the graph: two features, two hidden units, one output, squared error and L2."""
    return network_graph(NET, 2, 1, l2=L2)


def example_values() -> Values:
    """Return every variable's value and gradient, by torch."""
    return graph_values(example_graph(), GIVEN)


@cache
def example_tape() -> tuple[Tape, Mapping[str, Node]]:
    """Write the same computation on a tape and read it backwards.

    Returns:
        The tape, and the nodes that are variables of the graph, by name.
    """
    tape = Tape()
    node = {name: tape.leaf(value, name) for name, value in GIVEN.items()}
    node["z1'"] = node["W1"] @ node["x"]
    node["z1"] = node["z1'"] + node["b1"]
    node["h1"] = node["z1"].relu()
    node["o'"] = node["W2"] @ node["h1"]
    node["o"] = node["o'"] + node["b2"]
    node["L"] = ((node["o"] - node["y"]) ** 2).sum()
    node["s"] = ((node["W1"] ** 2).sum() + (node["W2"] ** 2).sum()) * (L2 / 2)
    node["J"] = node["L"] + node["s"]
    node["J"].backward()
    return tape, node
