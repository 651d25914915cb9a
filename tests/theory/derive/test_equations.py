"""Derived equations: autograd's numbers on any network, and a check that can fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from math_core import LatexToMathML
from tests.theory.random_networks import networks

import mlplab as ml
from mlplab.errors import ConfigError
from mlplab.specs import MLP
from mlplab.theory import Operator, derive, network_graph
from mlplab.theory.derive.equations import largest_error
from mlplab.theory.derive.terms import Hadamard


@given(networks())
def test_every_equation_is_what_autograd_finds(case):
    net, n_in, n_out, more = case
    graph = network_graph(net, n_in, n_out, **more)
    found = derive(graph)
    assert found.error < 1e-10
    assert [one.name for one in found.forward] == [one.output for one in graph.operators]
    # Everything but the target and the noise has its derivative, and each is said once.
    wanted = {n for n, one in graph.variables.items() if one.role not in ("target", "noise")}
    assert {one.name for one in found.backward} == wanted - {graph.objective.name}
    assert len(found.backward) == len(wanted) - 1
    learned = {n for n, one in graph.variables.items() if one.role == "parameter"}
    assert {one.name for one in found.parameters} == learned
    read = LatexToMathML()
    for text in found.tex():
        assert read.convert_with_local_state(text, displaystyle=True)


@pytest.mark.parametrize("hidden", [(8,), (8, 5), (4, 4, 4)])
def test_gradients_of_hidden_biases_carry_the_slope_of_the_activation(hidden):
    found = derive(network_graph(MLP(hidden=hidden, activation="tanh"), 3, 2, l2=0.1))
    by_name = {one.name: one for one in found.parameters}
    for layer, _ in enumerate(hidden, 1):
        texts = [one.tex() for one in by_name[f"b{layer}"].right.parts()]
        assert any(text.startswith(r"\phi'") for text in texts)
    assert r"\phi'" not in by_name[f"b{len(hidden) + 1}"].tex
    # Biases are not in the regulariser.
    assert r"\lambda" not in by_name["b1"].tex
    assert r"\lambda\,\mathbf{W}^{(1)}" in by_name["W1"].tex


def test_a_wrong_equation_does_not_pass():
    graph = network_graph(MLP(hidden=3, activation="tanh"), 2, 2)
    found = derive(graph)

    def without_slope(equation):
        # As if the way back through the activation were forgotten.
        right = equation.right
        is_activation = equation.name == "z1" and isinstance(right, Hadamard)
        return replace(equation, right=right.left) if is_activation else equation

    wrong = replace(found, backward=tuple(map(without_slope, found.backward)))
    assert wrong.backward != found.backward
    with pytest.raises(AssertionError, match="from autograd"):
        largest_error(graph, wrong)


def test_sizes_do_not_enter_the_equations():
    small = derive(network_graph(MLP(hidden=(5, 7)), 3, 4))
    large = derive(network_graph(MLP(hidden=(4096, 2048)), 10_000, 1000))
    assert list(small.tex()) == list(large.tex())


def test_the_written_out_gradients_of_deep_residual_networks_stay_short():
    found = derive(network_graph(MLP(hidden=(4,) * 20, residual=True), 4, 2))
    assert max(len(one.tex) for one in found.parameters) < 400


def test_a_users_activation_has_no_formula_and_its_own_derivative():
    @ml.activation("graph-test-sine")
    def sine(z):
        return z.sin()

    found = derive(network_graph(MLP(hidden=3, activation="graph-test-sine"), 2, 2))
    assert found.error < 1e-10
    assert found.functions == {r"\phi": "graph-test-sine"}


def test_an_operator_without_a_rule_is_named():
    graph = network_graph(MLP(hidden=()), 2, 2)
    last = replace(graph.operators[-1], kind="hinge")
    assert isinstance(last, Operator)
    with pytest.raises(ConfigError, match="no rule for the operator 'hinge'"):
        derive(replace(graph, operators=(*graph.operators[:-1], last)))


def test_brackets_say_what_comes_first():
    found = derive(network_graph(MLP(hidden=3), 2, 2, l2=0.1))
    by_name = {one.name: one.tex for one in found.parameters}
    assert by_name["W1"].endswith(
        r"= \left(\left({\mathbf{W}^{(2)}}^\top \frac{\partial J}{\partial \mathbf{o}}\right)"
        r" \odot \phi'\left(\mathbf{z}\right)\right) {\mathbf{x}}^\top + \lambda\,\mathbf{W}^{(1)}"
    )
