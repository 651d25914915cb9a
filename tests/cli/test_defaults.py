"""With nothing said, every data set trains sensibly; what is said comes first."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlplab.cli.base_run import read_flags
from mlplab.cli.results import metric_names
from mlplab.data import base_for, base_of, dataset, house_prices, load_task, task_from_arrays
from mlplab.data import registry as registry_module
from mlplab.experiment import Experiment
from mlplab.specs import MLP, SGD, Adam, Fit, Run
from mlplab.store import Store

OWN = sorted(
    name
    for name, entry in registry_module._REGISTRY.items()
    if entry.load.__module__.startswith("mlplab.data.")
)
# Share of the trivial error that may be left. No method leaves much less of the second: its 20
# examples leave 180 of 200 directions open, which is what it is made for.
LEFT = {"classification": 0.5, "regression": 0.5, "sparse-linear": 0.99}


def enlarged_digits():
    """Digits as images of 28 x 28 bytes: what stands in for the clothes."""
    digits = load_task("digits")
    images = np.kron(digits.inputs.reshape(-1, 8, 8), np.ones((3, 3), int)) * 15
    images = np.pad(images, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)
    parts = images[:1438], digits.targets[:1438], images[1438:], digits.targets[1438:]
    return task_from_arrays(*parts, name="fashion-mnist", kind="classification")


def made_up_houses(path: Path) -> pd.DataFrame:
    """A table like that of the houses: numbers of the order of their units, prices as theirs."""
    rng = np.random.default_rng(0)
    parts = rng.lognormal(-1, 0.7, (1000, len(house_prices.UNITS)))
    frame = pd.DataFrame(
        {name: z + u * parts[:, i] for i, (name, (z, u)) in enumerate(house_prices.UNITS.items())}
    )
    for name in house_prices.LACKING:
        frame.loc[rng.random(1000) < 0.1, name] = np.nan
    signal = parts[:, :12].sum(1)
    signal = (signal - signal.mean()) / signal.std()
    frame[house_prices.TARGET] = np.exp(12 + 0.4 * signal + 0.1 * rng.normal(size=1000))
    return frame


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """Data sets with files have made-up ones; what a test registers ends with it."""
    entries = dict(registry_module._REGISTRY)
    monkeypatch.setattr(registry_module, "_REGISTRY", entries)
    monkeypatch.setattr(house_prices, "_read", made_up_houses)
    loaders = {
        "fashion-mnist": enlarged_digits,
        "small-fashion-mnist": lambda: load_task("digits"),
        "house-prices": lambda: house_prices.house_prices(Path()),
    }
    for name, load in loaders.items():
        entries[name] = dataclasses.replace(entries[name], load=load, files=None)


def trivial(task, rows) -> float:
    """The error of the most frequent class, or of the mean, of the pool."""
    if task.kind == "classification":
        return 1 - (task.targets[rows] == np.bincount(task.targets[task.pool]).argmax()).mean()
    guess = task.targets[task.pool].mean(0)
    return math.sqrt(((task.targets[rows].astype(float) - guess) ** 2).mean())


def share_left(summary, task) -> float:
    """The error of the default training over the trivial one, on rows that did not train."""
    split, rows = ("test", task.test_rows("tests")) if task.n_test else ("valid", task.pool)
    if task.kind == "classification":
        error = 1 - summary[f"{split}_accuracy"]["mean"]
    else:
        error = summary[f"{split}_rmse"]["mean"]
    return error / trivial(task, rows)


@pytest.mark.parametrize("name", OWN)
def test_with_nothing_said_it_learns(name, document):
    task = load_task(name)
    held = () if task.n_test else ("--valid", "0.2")
    said = document("train", name, "--seeds", "3", *held)
    assert {run["status"] for run in said["runs"]} == {"finished"}
    assert share_left(said["summary"], task) < LEFT.get(name, LEFT[task.kind])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fashion-mnist", "house-prices"])
def test_with_nothing_said_the_real_ones_learn(name, document, monkeypatch):
    monkeypatch.undo()
    task = load_task(name, valid=0.2)
    runs = Experiment(task, seeds=2).run(Store(":memory:"))
    found = {metric: {"mean": runs.summary(metric)[0].mean} for metric in metric_names(runs)}
    assert share_left(found, task) < LEFT[task.kind]


@pytest.mark.parametrize("name", OWN)
def test_a_sweep_with_nothing_said_chooses(name, document):
    lr = base_of(name).optim.lr
    said = document("sweep", name, "--vary", f"lr={lr / 2},{lr}", "--seeds", "2")
    assert {run["status"] for run in said["runs"]} == {"finished"}
    assert said["best"] is not None


@pytest.mark.parametrize("name", OWN)
def test_an_experiment_with_nothing_said_asks_what_the_command_asks(name, document):
    keys = [cell.key for cell in Experiment(name, seeds=2).cells()]
    assert keys == [cell.key for cell in Experiment(load_task(name), seeds=2).cells()]
    if name != "fashion-mnist":
        said = document("train", name, "--seeds", "2")
        assert [run["key"] for run in said["runs"]] == keys


def test_what_is_said_comes_before_what_the_data_set_has(document, invoke):
    task = load_task("spirals")
    told = ("--epochs", "2", "--batch-size", "40", "--lr", "0.2", "--seeds", "1")
    (run,) = document("train", "spirals", *told)["runs"]
    base = Run(optim=SGD(lr=0.2), fit=Fit(epochs=2, batch_size=40))
    assert run["key"] == Experiment(task, base, seeds=1).cells()[0].key
    (run,) = document("train", "spirals", "--optimizer", "adam", "--epochs", "2", "--seeds", "1")[
        "runs"
    ]
    base = Run(optim=Adam(), fit=Fit(epochs=2, batch_size=16))
    assert run["key"] == Experiment(task, base, seeds=1).cells()[0].key
    noted = invoke("train", "spirals", "--epochs", "2", "--seeds", "1").stderr
    assert noted.startswith("spirals: its own defaults, lr=0.3 batch_size=16\n")
    assert "defaults" not in invoke("train", "digits", "--epochs", "1", "--seeds", "1").stderr


def test_a_batch_is_never_larger_than_the_rows_that_train(document):
    few = document("train", "polynomial", "--param", "n_train=4", "--valid", "0.5", "--seeds", "1")
    assert few["runs"][0]["status"] == "finished"


def made_up(n: int, kind: str, inputs: float, targets: float):
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n + 500, 5))
    y = X @ rng.normal(size=5) / 5**0.5 + np.sin(2 * X[:, 0])
    y = np.digitize(y, [-0.5, 0.5]) if kind == "classification" else y * targets
    X = X * inputs
    return task_from_arrays(X[:n], y[:n], X[n:], y[n:], kind=kind)


@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize(
    ("kind", "inputs", "targets"),
    [
        ("classification", 1, 1),
        ("classification", 1000, 1),
        ("regression", 1, 1),
        ("regression", 1, 1e5),
        ("regression", 1, 1e-3),
    ],
)
def test_a_users_data_set_learns_whatever_its_size_and_units(n, kind, inputs, targets, document):
    dataset("users", describe="made up")(lambda: made_up(n, kind, inputs, targets))
    task = load_task("users")
    said = document("train", "users", "--seeds", "2")
    assert {run["status"] for run in said["runs"]} == {"finished"}
    assert share_left(said["summary"], task) < 0.85


@pytest.mark.parametrize("n", [2, 3, 9, 17])
def test_a_few_rows_are_enough_to_train_at_all(n, document):
    dataset("users", describe="few")(lambda: task_from_arrays(np.eye(n), np.arange(n) / 7))
    said = document("train", "users", "--seeds", "2", "--epochs", "3")
    assert {run["status"] for run in said["runs"]} == {"finished"}


def test_a_user_says_what_trains_on_a_data_set(document):
    base = Run(net=MLP(hidden=(5, 5), dropout=0.1), optim=Adam(lr=0.02), fit=Fit(epochs=3))
    dataset("users", describe="made up", base=base, valid=0.5)(lambda: load_task("xor"))
    said = document("train", "users", "--seeds", "2")
    cells = Experiment(load_task("users"), base, seeds=2).cells()
    assert [run["key"] for run in said["runs"]] == [cell.key for cell in cells]
    deeper = read_flags(dict.fromkeys(("hidden", "optimizer")) | {"hidden": "4,4,4"}, base=base)
    assert deeper.base.mlp.dropout == (0.1, 0.1, 0.1)
    (listed,) = (one for one in document("data", "list") if one["name"] == "users")
    assert (listed["defaults"], listed["valid"]) == (base.canonical(), 0.5)


def test_whoever_says_a_rate_means_the_optimiser_of_the_help():
    texts = dict.fromkeys(("optimizer", "lr", "momentum"))
    own = base_for(made_up(60, "regression", 1, 1))
    assert isinstance(read_flags(texts, base=own).base.optim, Adam)
    assert read_flags(texts | {"lr": "0.3"}, base=own).base.optim == SGD(lr=0.3)
    assert read_flags(texts, base=own, varied={"momentum"}).base.optim == SGD()
    houses = base_of("house-prices")
    assert read_flags(texts | {"lr": "0.3"}, base=houses).base.optim == SGD(lr=0.3, momentum=0.9)


LOSSES = ("auto", "cross-entropy", "squared", "absolute", "huber", "log-cosh")
COMMANDS = {
    "train": ("train",),
    "sweep": ("sweep", "--vary", "lr=0.01,0.02"),
    "search": ("sweep", "--vary", "lr=0.01..0.02:log", "--search", "random", "--budget", "2"),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("name", "metric"), [("digits", "accuracy"), ("polynomial", "rmse")])
def test_each_loss_works_or_is_refused_before_anything_is_trained(
    name, metric, command, loss, invoke, document
):
    first, *others = COMMANDS[command]
    small = ("--hidden", "8", "--epochs", "1", "--seeds", "2", "--valid", "0.2", "--loss", loss)
    if metric == "rmse" and loss == "cross-entropy":
        result = invoke(first, name, *others, *small)
        assert result.exit_code == 2
        assert result.stderr.splitlines()[-1].endswith("cross-entropy needs classes; "
                                                       "polynomial has numbers")  # fmt: skip
        assert Store().info().rows["outcomes"] == 0
        return
    said = document(first, name, *others, *small)
    assert {"train_loss", f"train_{metric}", f"valid_{metric}"} <= set(said["summary"])
    assert all(math.isfinite(one["mean"]) for one in said["summary"].values())


@pytest.mark.parametrize("loss", LOSSES[2:])
def test_a_loss_of_numbers_learns_classes_and_stops_early_by_their_accuracy(loss, document):
    told = ("--loss", loss, "--lr", "1", "--batch-size", "32", "--epochs", "8", "--seeds", "2")
    watch = ("--valid", "0.2", "--patience", "3", "--monitor", "valid_accuracy")
    said = document("train", "digits", *told, *watch)
    assert said["summary"]["test_accuracy"]["mean"] > 0.8
