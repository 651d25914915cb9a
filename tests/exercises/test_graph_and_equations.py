"""Exercises 4.7.1 and 4.7.2: what must hold holds, and what is wrong is told as wrong."""

from __future__ import annotations

import re

import pytest

from mlplab.exercises.section_4_7.gradient_shape import prove as shapes
from mlplab.exercises.section_4_7.gradient_shape.functions import FUNCTIONS, MatrixFunction
from mlplab.exercises.section_4_7.graph_and_equations import prove as equations
from mlplab.exercises.section_4_7.graph_and_equations.example import (
    example_graph,
    example_tape,
    example_values,
)
from mlplab.exercises.section_4_7.graph_figure import graph_figure


def held(checks):
    return {one.key: one.holds for one in checks}


def test_the_layout_of_the_matrix_and_the_slope_are_needed():
    assert held(shapes.prove()) == {
        "shape": True,
        "known": True,
        "direction": True,
        "transposed": False,
        "jacobian": True,
    }
    found = held(equations.prove())
    assert not found.pop("without_slope")
    assert all(found.values())


def test_a_wrong_gradient_is_found_out(monkeypatch):
    right = FUNCTIONS["‖X‖²"]
    wrong = MatrixFunction(right.of, lambda x, a, b: x)
    monkeypatch.setitem(FUNCTIONS, "‖X‖²", wrong)
    assert not held(shapes.prove())["known"]


def test_a_wrong_slope_is_found_out(monkeypatch):
    monkeypatch.setitem(equations._PHI, "tanh", lambda z: (z, 1 + 0 * z))
    assert not equations._forward().holds
    assert not equations._written_out().holds


def test_the_tape_has_every_variable_of_the_graph_and_its_numbers():
    graph, values = example_graph(), example_values()
    _, nodes = example_tape()
    assert set(nodes) == set(graph.variables)
    for name, node in nodes.items():
        assert node.value == pytest.approx(values.values[name])
        if name in values.gradients:
            assert node.gradient == pytest.approx(values.gradients[name])
    # One unit is on, one is off: the page says so.
    assert values.values["z1"].tolist() == [1.5, -0.5]
    assert values.gradients["b1"].tolist() == [2.0, 0.0]


def test_the_chart_has_every_node_and_edge():
    graph = example_graph()
    figure = graph_figure(graph, "graph", example_values())
    names = {*graph.variables, *(one.name for one in graph.operators)}
    assert set(figure.data["node"]) == names
    spec = figure.chart_text
    edges = set(re.findall(r'"edge": "([^"]*)"', spec))
    assert len(edges) == len(list(graph.edges))
    assert figure.data.set_index("node").loc["b1", "gradient"] == "2, 0"
