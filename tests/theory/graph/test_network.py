"""The graph of a network: what it computes is what torch and the engine compute."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from tests.theory.random_networks import networks
from torch import nn

from mlplab.errors import ConfigError
from mlplab.specs import MLP
from mlplab.theory import draw_example, graph_values, network_graph

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU}


@given(networks())
def test_inputs_stand_before_what_uses_them_and_every_variable_is_given_once(case):
    net, n_in, n_out, more = case
    graph = network_graph(net, n_in, n_out, **more)
    known = {one.name for one in graph.sources}
    for operator in graph.operators:
        assert set(operator.inputs) <= known
        assert operator.output not in known
        known.add(operator.output)
    assert known == set(graph.variables)
    assert graph.objective.role == "objective"
    assert graph.objective.shape == ()
    ids = [node["id"] for node in graph.to_plain()["nodes"]]
    assert len(ids) == len(set(ids))
    assert all(set(edge) <= set(ids) for edge in graph.to_plain()["edges"])


@given(networks())
def test_gradients_are_differences_of_the_objective(case):
    net, n_in, n_out, more = case
    graph = network_graph(net, n_in, n_out, **more)
    given_ = draw_example(graph, net, seed=3)
    # Away from the points where an activation or a loss has a bend.
    rng = np.random.default_rng(0)
    for one in graph.sources:
        if one.role in ("parameter", "noise"):
            given_[one.name] = given_[one.name] + rng.uniform(0.1, 0.4, one.shape)
    found = graph_values(graph, given_)
    step = 1e-6
    for name, gradient in found.gradients.items():
        if name not in given_:
            continue
        way = rng.standard_normal(given_[name].shape)
        ends = [
            graph_values(graph, {**given_, name: given_[name] + sign * step * way})
            for sign in (1, -1)
        ]
        high, low = (end.values[graph.objective.name].item() for end in ends)
        assert (high - low) / (2 * step) == pytest.approx(
            (gradient * way).sum(), rel=1e-4, abs=1e-4
        )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm", ["none", "layer"])
def test_values_are_those_of_a_network_in_torch(activation, norm):
    net = MLP(hidden=(5, 4), activation=activation, norm=norm, init="he")
    graph = network_graph(net, 3, 2, l2=0.2)
    given_ = draw_example(graph, net, seed=1)
    found = graph_values(graph, given_)
    layers: list[nn.Module] = []
    for number, (n_in, n_out) in enumerate(pairwise((3, 5, 4, 2)), 1):
        normed = norm == "layer" and number < 3
        linear = nn.Linear(n_in, n_out, bias=not normed, dtype=torch.float64)
        linear.weight.data = torch.tensor(given_[f"W{number}"])
        if not normed:
            linear.bias.data = torch.tensor(given_[f"b{number}"])
        layers += [linear, *([nn.LayerNorm(n_out, dtype=torch.float64)] if normed else [])]
        layers += [ACTIVATIONS[activation]()] if number < 3 else []
    model = nn.Sequential(*layers)
    loss = nn.functional.cross_entropy(model(torch.tensor(given_["x"])), torch.tensor(given_["y"]))
    weights = [layer.weight for layer in layers if isinstance(layer, nn.Linear)]
    objective = loss + 0.1 * sum(one.square().sum() for one in weights)
    objective.backward()
    assert found.values["J"] == pytest.approx(objective.item(), rel=1e-12)
    for number, weight in enumerate(weights, 1):
        np.testing.assert_allclose(found.gradients[f"W{number}"], weight.grad, rtol=1e-9)


def test_a_mask_of_ones_is_no_dropout():
    net = MLP(hidden=(4, 4), dropout=0.5, residual=True)
    graph = network_graph(net, 3, 2)
    given_ = draw_example(graph, net) | {"m1": np.ones(4), "m2": np.ones(4)}
    plain = network_graph(MLP(hidden=(4, 4), residual=True), 3, 2)
    bare = {name: one for name, one in given_.items() if name[0] != "m"}
    assert graph_values(graph, given_).values["L"] == graph_values(plain, bare).values["L"]


def test_drawn_masks_are_0_or_what_keeps_the_mean():
    net = MLP(hidden=500, dropout=0.2)
    mask = draw_example(network_graph(net), net)["m1"]
    assert set(np.unique(mask)) == {0.0, 1.25}
    assert (mask == 0).mean() == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"net": MLP(norm="batch")}, "batch norm ties an example to its batch"),
        ({"n_features": 0}, "features: expected a whole number from 1; got 0"),
        ({"l2": -1.0}, "l2: expected a number of at least 0; got -1"),
        ({"loss": "sqared"}, "did you mean 'squared'"),
        ({"loss": "cross-entropy", "n_outputs": 1}, "needs at least 2 outputs; got 1"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(settings, message):
    with pytest.raises(ConfigError, match=message):
        network_graph(**{"net": MLP(), **settings})


def test_values_of_a_wrong_shape_are_named():
    graph = network_graph(MLP(hidden=()), 2, 1)
    with pytest.raises(ConfigError, match=r"x: expected the shape \(2,\); got \(3,\)"):
        graph_values(graph, {"x": np.zeros(3)})
    with pytest.raises(ConfigError, match="expected an array for W1"):
        graph_values(graph, {"x": np.zeros(2)})
    with pytest.raises(ConfigError, match="did you mean 'W1'"):
        graph["w1"]
