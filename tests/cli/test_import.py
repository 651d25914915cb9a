"""A user's own definitions, brought to the command line by `--import`."""

from __future__ import annotations

import json
import os
import sys

import pytest

from mlplab.data import registry
from mlplab.engine import measures
from mlplab.specs import plugins

MINE = """
import numpy as np
import mlplab as ml
from mlplab.data import dataset, task_from_arrays

print("this is no part of a document")

@dataset("my-data", describe="Is the sum above 0?")
def my_data(*, n: int = 60, seed: int = 0):
    X = np.random.default_rng(seed).normal(size=(n, 3))
    return task_from_arrays(X, X.sum(1) > 0)

@ml.metric("top2")
def top2(targets, outputs):
    return float((np.argsort(outputs, 1)[:, -2:] == targets[:, None]).any(1).mean())

@ml.activation("soft-sign")
def soft_sign(z):
    return z / (1 + z.abs())

@ml.init("laplace")
def laplace(generator, n_out, n_in):
    return generator.laplace(scale=(1 / n_in) ** 0.5, size=(n_out, n_in))

@ml.schedule("root")
def root(epoch, epochs):
    return (1 + epoch) ** -0.5

@ml.optimiser("heavy-ball", keeps=["velocity"])
def heavy_ball(weight, gradient, rate, velocity, m=0.9):
    velocity.mul_(m).add_(gradient)
    weight.sub_(rate * velocity)

@ml.module("two-layers")
def two_layers(n_features, n_outputs, width=8):
    from torch import nn
    return nn.Sequential(nn.Linear(n_features, width), nn.Tanh(), nn.Linear(width, n_outputs))
"""
FEW = ("--epochs", "2", "--batch-size", "16", "--seeds", "3", "--valid", "0.2")


@pytest.fixture(autouse=True)
def process(monkeypatch):
    """What a test imports and registers ends with it."""
    monkeypatch.setattr(registry, "_REGISTRY", dict(registry._REGISTRY))
    monkeypatch.setattr(plugins, "_PLUGINS", dict(plugins._PLUGINS))
    monkeypatch.setattr(measures, "_MEASURES", dict(measures._MEASURES))
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("mine", "my_package")):
            del sys.modules[name]


@pytest.fixture
def mine(home):
    """A file with one definition of each kind."""
    folder = home / "elsewhere"
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    return "elsewhere/mine.py"


def test_everything_that_is_registered_can_be_named(mine, invoke):
    words = ("--activation", "soft-sign", "--measures", "top2", "--schedule", "root")
    words += ("--init", "laplace", "--optimizer", "heavy-ball(m=0.5)", "--lr", "0.05")
    result = invoke("train", "my-data", "--import", mine, *words, *FEW, "--json")
    assert result.exit_code == 0, result.stderr
    summary = json.loads(result.stdout)["summary"]
    assert summary["valid_top2"]["mean"] == 1
    assert "this is no part of a document" in result.stderr


def test_workers_know_it_too(mine, document):
    told = ("--import", mine, "--measures", "top2", "--activation", "soft-sign", *FEW)
    alone = document("train", "my-data", *told, "--threads", "1", "--store", "alone.sqlite")
    crew = document("train", "my-data", *told, "--threads", "2", "--store", "crew.sqlite")
    assert crew["from_store"] == 0
    assert crew["runs"] == alone["runs"]


def test_a_module_is_a_network_and_its_settings_can_be_varied(mine, document):
    told = ("my-data", "--import", mine, *FEW)
    small, large = (
        document("train", *told, "--net", text)["runs"]
        for text in ("two-layers(width=4)", "two-layers")
    )
    swept = document("sweep", *told, "--net", "two-layers", "--vary", "width=4,8")["runs"]
    assert {run["factors"]["net.settings.width"] for run in swept} == {4, 8}
    assert len({run["key"] for run in [*small, *large]}) == 6
    nets = document("sweep", *told, "--vary", "net=mlp,two-layers,two-layers(width=4)")
    assert len(nets["arms"]) == 3
    kinds = document("sweep", *told, "--vary", "optimizer=heavy-ball,sgd,heavy-ball(m=0.1)")
    assert len(kinds["arms"]) == 3


def test_settings_of_an_optimiser_can_be_varied(mine, document, invoke):
    told = ("sweep", "my-data", "--import", mine, *FEW, "--optimizer", "heavy-ball")
    swept = document(*told, "--vary", "m=0.5,0.9")
    assert {run["factors"]["optim.settings.m"] for run in swept["runs"]} == {0.5, 0.9}
    named = document(*told[:-1], "heavy-ball(m=0.9)", "--vary", "m=0.5,0.9")
    assert named["runs"] == swept["runs"]
    drawn = document(*told, "--vary", "m=0.1..0.9", "--search", "random", "--budget", "4")
    assert len(drawn["search"]["trials"]) == 2
    result = invoke(*told, "--vary", "optim.settings.k=1,2")
    assert (result.exit_code, "heavy-ball has no setting 'k'" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["list", "fetch", "verify"])
def test_data_commands_know_a_users_data_sets(command, mine, invoke):
    names = () if command == "list" else ("my-data",)
    result = invoke("data", command, *names, "--import", mine)
    assert result.exit_code == 0, result.stderr
    assert "my-data" in result.stdout
    assert invoke("data", "fetch", "her-data", "--import", mine).exit_code == 2


def test_modules_are_named_with_dots_and_several_may_be_given(home, mine, document):
    package = home / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "nets.py").write_text(
        "import mlplab as ml\n@ml.activation('cube')\ndef cube(z):\n    return z ** 3\n"
    )
    both = ("--import", "my_package.nets", "--import", mine, "--import", mine)
    assert document("train", "my-data", *both, "--activation", "cube", *FEW)["runs"]


MISTAKES = {
    "nowhere": (None, "there is no such file"),
    "syntax": ("x = 1\ndef (", "line 2: invalid syntax"),
    "leaves": ("import sys\n\nsys.exit('bye')", "line 3: it ends the process (sys.exit('bye'))"),
    "raises": ("def f():\n    1 / 0\n\nf()", "line 4: ZeroDivisionError: division by zero"),
    "bare": ("raise BaseException", "line 1: BaseException"),
    "needs": ("import no_such_package", "line 1: ModuleNotFoundError: No module named 'no_such"),
    "taken": (
        "from mlplab.data import dataset\n@dataset('digits', describe='')\ndef f(): ...",
        "data set 'digits' is one of mlplab's own; choose another name",
    ),
    "word": ("import mlplab as ml\nml.activation('relu')(abs)", "other than relu"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_wrong_with_the_file_is_one_line(name, home, invoke):
    content, says = MISTAKES[name]
    if content is not None:
        (home / f"mine_{name}.py").write_text(content)
    result = invoke("train", "digits", "--import", f"mine_{name}.py")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"mlplab: error: --import mine_{name}.py: ")
    assert says in line
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_file_hides_no_module_and_none_hides_it(home, invoke):
    (home / "own").mkdir()
    (home / "own" / "random.py").write_text("raise SystemError")
    (home / "own" / "my-data.py").write_text("")
    for name, says in (("random", "another module is called random"), ("my-data", "can be impor")):
        result = invoke("train", "digits", "--import", f"own/{name}.py")
        assert result.exit_code == 2
        assert says in result.stderr
    for text in ("", ".mine", "mine.py:top2"):
        result = invoke("train", "digits", "--import", text)
        assert (result.exit_code, f"dotted name; got {text!r}" in result.stderr) == (2, True)
    result = invoke("train", "digits", "--import", "own")
    assert "is a folder" in result.stderr
    result = invoke("train", "digits", "--import", os.devnull)
    assert "is a device or pipe; expected a Python file" in result.stderr
    result = invoke("train", "digits", "--import", "my_package.nowhere")
    assert "No module named 'my_package'" in result.stderr


def test_words_that_nothing_registered_get_the_nearest_that_is(mine, invoke):
    for option, text, meant in (
        ("--activation", "softsign", "soft-sign"),
        ("--optimizer", "heavyball", "heavy-ball"),
        ("--optimizer", "heavy-ball(n=0.5)", "m"),
        ("--measures", "top-2", "top2"),
        ("--net", "two-layer", "two-layers"),
        ("--schedule", "rooot", "root"),
        ("--init", "laplas", "laplace"),
    ):
        result = invoke("train", "my-data", "--import", mine, option, text, *FEW)
        assert result.exit_code == 2
        assert f"did you mean {meant!r}?" in result.stderr or meant == "m"
        assert result.stderr.count("\n") <= 2
    result = invoke("train", "my-data", "--import", mine, "--net", "two-layers", "--hidden", "8")
    assert "--hidden: the module 'two-layers' has no such setting" in result.stderr
