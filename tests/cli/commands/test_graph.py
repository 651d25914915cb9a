"""`mlplab graph`: pictures, documents and equations from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from mlplab.specs import MLP
from mlplab.theory import draw_example, graph_values, network_graph

MINE = """
import torch.nn as nn
import mlplab as ml

@ml.module("graph-two-layers")
def two_layers(n_features, n_outputs, width=3):
    return nn.Sequential(nn.Linear(n_features, width), nn.ReLU(), nn.Linear(width, n_outputs))

class Branching(nn.Module):
    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.last = nn.Linear(n_features, n_outputs)

    def forward(self, x):
        return self.last(x if x.sum() > 0 else -x)

@ml.module("graph-branching")
def branching(n_features, n_outputs):
    return Branching(n_features, n_outputs)
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "graph_command_modules.py"
    path.write_text(MINE)
    return str(path)


def document(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_chapters_network_as_lines_data_and_a_picture(invoke, tmp_path):
    out = tmp_path / "graph.svg"
    words = ("graph", "--hidden", "256", "--bias", "--l2", "--out", str(out))
    told = invoke(*words)
    assert told.exit_code == 0, told.output
    assert "z1 = add(z1', b1)" in told.stdout
    assert ElementTree.fromstring(out.read_text(encoding="utf-8")).tag.endswith("svg")
    found = document(invoke(*words, "--json"))
    shapes = {node["id"]: node.get("shape") for node in found["nodes"]}
    assert shapes["W1"] == [256, 784]
    assert ["W1", "l2:s"] in found["edges"]
    assert ["b1", "l2:s"] not in found["edges"]
    bare = document(invoke("graph", "--hidden", "256", "--no-bias", "--json"))
    assert not {"b1", "s", "J"} & {node["id"] for node in bare["nodes"]}


def test_values_are_those_of_the_library(invoke):
    words = ("--hidden", "3", "--dropout", "0.5", "--features", "4", "--outputs", "2")
    found = document(invoke("graph", *words, "--l2", "0.1", "--values", "--seed", "5", "--json"))
    net = MLP(hidden=3, dropout=0.5)
    graph = network_graph(net, 4, 2, l2=0.1)
    wanted = graph_values(graph, draw_example(graph, net, 5))
    nodes = {node["id"]: node for node in found["nodes"]}
    np.testing.assert_array_equal(nodes["W1"]["value"], wanted.values["W1"])
    np.testing.assert_array_equal(nodes["W1"]["gradient"], wanted.gradients["W1"])
    assert nodes["y"]["gradient"] is None
    told = invoke("graph", *words, "--values")
    assert "gradient" in told.stdout


def test_equations_are_checked_before_they_are_shown(invoke):
    words = ("graph", "--hidden", "4,4", "--residual", "true", "--l2", "--equations")
    found = document(invoke(*words, "--json"))["equations"]
    assert found["largest_error"] < 1e-10
    assert r"\phi'" in found["parameters"]["b2"]
    told = invoke(*words)
    assert r"\frac{\partial J}{\partial \mathbf{b}^{(2)}} = " in told.stdout
    assert "all differ from autograd by at most" in " ".join(told.stdout.split())


def test_a_users_module(invoke, mine):
    words = ("graph", "--import", mine, "--net", "graph-two-layers(width=2)")
    found = document(
        invoke(*words, "--features", "5", "--outputs", "3", "--l2", "--values", "--json")
    )
    nodes = {node["id"]: node for node in found["nodes"]}
    assert nodes["0.weight"]["shape"] == [2, 5]
    assert nodes["L"]["value"] > 0
    assert np.shape(nodes["2.weight"]["gradient"]) == (3, 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--hidden", "100000", "--values"), "at most 20,000,000 numbers; got"),
        (("--dropout", "1"), "dropout"),
        (("--norm", "batch"), "batch norm ties an example to its batch"),
        (("--hidden", "0"), "hidden"),
        (("--activation", "rleu"), "did you mean 'relu'?"),
        (("--loss", "hubert"), "did you mean 'huber'?"),
        (("--features", "0"), "expected a whole number from 1; got '0'"),
        (("--l2", "nan"), "l2: expected a number of at least 0; got nan"),
        (("--out", "graph.png"), "expected a name that ends in .svg; got 'graph.png'"),
        (("--out", f"{__file__}/graph.svg"), "cannot be written"),
        (("--net", "resnet"), "net: expected one of mlp"),
        (("--residual", "true", "--hidden", "3,4"), "neighbouring hidden layers of one width"),
    ],
)
def test_mistakes_get_one_line(words, message, invoke):
    result = invoke("graph", *words)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("graph-branching",), "neither torch.fx nor torch.export can trace it"),
        (("graph-two-layers", "--bias"), "--bias is for an MLP"),
        (("graph-two-layers", "--equations"), "--equations is for an MLP"),
        (("graph-two-layers", "--hidden", "4"), "--hidden is for an MLP"),
        (("graph-two-layers(depth=4)",), "depth"),
    ],
)
def test_mistakes_with_modules_get_one_line(words, message, invoke, mine):
    result = invoke("graph", "--import", mine, "--net", *words)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize("more", [(), ("--l2", "--out", "graph.svg"), ("--json",)])
def test_without_values_nothing_heavy_is_loaded(more, tmp_path):
    script = (
        "import sys\n"
        "from mlplab.cli import program\n"
        "try:\n"
        f"    program.main(['graph', *{more!r}], prog_name='mlplab')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    heavy = {"torch", "sympy", "pandas", "scipy", "altair", "sklearn"}
    assert not set(done.stderr.split()) & heavy
