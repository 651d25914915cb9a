"""The picture of a graph: nothing lies on anything else, and every node and edge is there."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from tests.theory.random_networks import networks
from torch import nn

from mlplab.specs import MLP
from mlplab.theory import draw_example, graph_svg, graph_values, network_graph, trace_module
from mlplab.theory.graph.layout import layout

SVG = "{http://www.w3.org/2000/svg}"


def passed(route):
    """The cells between the corners of a route, and the corners; ends are left out."""
    cells = []
    for (a, b), (c, d) in pairwise(route):
        assert a == c or b == d, f"a slanted edge: {route}"
        across, down = (c > a) - (c < a), (d > b) - (d < b)
        cells += [(a + i * across, b + i * down) for i in range(abs(c - a) + abs(d - b) + 1)]
    return [cell for cell in cells if cell not in (route[0], route[-1])]


@given(networks())
def test_no_node_lies_on_another_or_under_an_edge(case):
    net, n_in, n_out, more = case
    graph = network_graph(net, n_in, n_out, **more)
    grid = layout(graph)
    assert len(set(grid.cells.values())) == len(grid.cells)
    assert set(grid.routes) == set(graph.edges)
    nodes = set(grid.cells.values())
    for (tail, head), route in grid.routes.items():
        assert (route[0], route[-1]) == (grid.cells[tail], grid.cells[head])
        assert not nodes & set(passed(route)), (tail, head)


@given(networks())
def test_the_way_from_x_to_the_objective_is_straight_and_runs_forward(case):
    net, n_in, n_out, more = case
    graph = network_graph(net, n_in, n_out, **more)
    grid = layout(graph)
    assert grid.cells["x"] == (0, 0)
    assert grid.cells[graph.objective.name][1] == 0
    made = [operator.output for operator in graph.operators if grid.cells[operator.output][1] == 0]
    columns = [grid.cells[name][0] for name in made]
    assert columns == sorted(set(columns))


@pytest.mark.parametrize("hidden", [(), (8,), (8,) * 30])
def test_a_chain_has_no_crossings(hidden):
    grid = layout(network_graph(MLP(hidden=hidden), 4, 3, l2=0.1))
    seen: dict[tuple[int, int], set[str]] = {}
    for (tail, head), route in grid.routes.items():
        for cell in passed(route):
            # Edges may run together to one end, as weights do to the regulariser.
            assert not seen.get(cell) or {tail, head} & seen[cell]
            seen.setdefault(cell, set()).update((tail, head))


@given(networks())
def test_a_picture_shows_every_node_and_edge(case):
    net, n_in, n_out, more = case
    graph = network_graph(net, n_in, n_out, **more)
    root = ElementTree.fromstring(graph_svg(graph))
    assert len(list(root.iter(f"{SVG}rect"))) == len(graph.variables)
    assert len(list(root.iter(f"{SVG}circle"))) == len(graph.operators)
    edges = [one for one in root.iter(f"{SVG}path") if one.get("class") == "edge"]
    assert len(edges) == len(list(graph.edges))
    width, height = (float(root.get(side)) for side in ("width", "height"))
    for rect in root.iter(f"{SVG}rect"):
        assert 0 <= float(rect.get("x")) <= width - float(rect.get("width"))
        assert 0 <= float(rect.get("y")) <= height - float(rect.get("height"))


class Attending(nn.Module):
    """Layers with many parameters, a skip around them, and an optional argument."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.encoder = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        self.recurrent = nn.LSTM(4, 5, batch_first=True)
        self.last = nn.Linear(5, 3)

    def forward(self, x, mask=None):
        h = self.first(x.view(-1, 2, 3))
        h = h + self.attention(h, h, h, attn_mask=mask)[0]
        return self.last(self.recurrent(self.encoder(h))[0][:, -1])


def test_many_parameters_of_one_operator_stand_apart_and_no_skip_runs_through_nodes():
    traced = trace_module(Attending(), 6)
    grid = layout(traced.graph)
    assert len(set(grid.cells.values())) == len(grid.cells)
    nodes = set(grid.cells.values())
    for route in grid.routes.values():
        (a, b), (c, d) = route[0], route[-1]
        if len(route) == 2 and a != c and b != d:
            # Slanted between neighbouring columns, where no node is.
            assert abs(a - c) == 1
        else:
            assert not nodes & set(passed(route))
    values = traced.values(*traced.draw_example())
    assert ElementTree.fromstring(graph_svg(traced.graph, values)) is not None
    # Tuples have no value that could be written in.
    plain = {node["id"]: node for node in traced.graph.to_plain(values)["nodes"]}
    assert plain["recurrent"]["value"] is None


def test_light_and_dark_pages_have_their_own_colours_and_nothing_is_fetched():
    picture = graph_svg(network_graph(MLP()))
    assert "prefers-color-scheme:dark" in picture
    assert "<script" not in picture
    assert picture.count("http") == 1  # the name of SVG itself


def test_values_and_gradients_are_written_in():
    net = MLP(hidden=2)
    graph = network_graph(net, 1, 1)
    values = graph_values(graph, draw_example(graph, net))
    shown = "".join(ElementTree.fromstring(graph_svg(graph, values)).itertext())
    assert f"v {values.values['L'].item():.3g}" in shown
    assert f"g {values.gradients['o'].item():.3g}" in shown


def test_titles_are_escaped():
    from dataclasses import replace

    picture = graph_svg(replace(network_graph(MLP()), title="a < b & c"))
    assert "a < b & c" in "".join(ElementTree.fromstring(picture).itertext())
