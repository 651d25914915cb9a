"""Loss surfaces: the same loss as predicting at each point; planes by their geometry."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import mlplab as ml
from mlplab.engine import predict
from mlplab.engine.losses import loss_of
from mlplab.errors import ConfigError, DataError
from mlplab.specs import MLP, Fit, Run, TaskRef
from mlplab.theory import plane_through, random_plane, surface

KINDS = ("classification", "regression")


def task_of(kind: str, n: int = 60):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 6)).astype("f4")
    y = rng.integers(0, 4, n) if kind == "classification" else rng.standard_normal((n, 2))
    return ml.task_from_arrays(x, y, valid=10)


def run_of(task, loss="auto", **net):
    own = Fit(epochs=2, batch_size=8, dtype="float64", loss=loss)
    return Run(net=MLP(**{"hidden": (7, 5)} | net), task=TaskRef(**task.spec()), fit=own)


def trained(task, run, n_seeds=3):
    runs = ml.Experiment(task, run, seeds=n_seeds).run(":memory:", workers=1)
    return [runs.weights(runs.arms[0], seed) for seed in range(n_seeds)]


def packed(weights):
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(value) for name, value in weights.items()})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "net",
    [
        {},
        {"hidden": ()},
        {"activation": "gelu", "norm": "layer"},
        {"activation": "prelu:0.2,unit", "norm": "layer"},
        {"activation": "prelu"},
        {"activation": "elu:0.5", "dropout": 0.5},
    ],
    ids=str,
)
def test_every_point_has_the_loss_of_predicting_there(kind, net):
    task = task_of(kind)
    loss = "auto" if kind == "classification" else "huber"
    run = run_of(task, loss, **net)
    plane = plane_through(dict(zip("ABC", trained(task, run), strict=True)))
    found = surface(run, plane, task, x=4, y=3)
    rows = task.split(run.seed, run.rows).train
    name = "cross-entropy" if kind == "classification" else "huber"
    judge = loss_of(name, task.n_outputs, torch.float64, run.fit.huber_delta).judge
    target = np.eye(4)[task.targets[rows]] if kind == "classification" else task.targets[rows]
    for j, y in enumerate(found.y):
        for i, x in enumerate(found.x):
            z = predict(run, packed(plane.at(x, y)), task.inputs[rows], task.input_scale)
            both = (torch.from_numpy(np.array(part, dtype="f8")).t()[None] for part in (z, target))
            wanted = float(judge(*(one.clone() for one in both)).loss.mean())
            assert found.loss[j, i] == pytest.approx(wanted, rel=1e-9)


def test_a_trained_network_has_its_own_training_loss_at_its_mark():
    task = task_of("classification")
    run = run_of(task).with_value("optim.lr", 1e-9).with_value("fit.batch_size", 10)
    weights = trained(task, run, 1)[0]
    runs = ml.Experiment(task, run, seeds=1).run(":memory:", workers=1)
    found = surface(run, random_plane(weights), task, x=[0.0], y=[0.0])
    # At a rate of almost 0 an epoch's mean loss is the loss of the weights it ends with.
    assert found.n_rows == 50
    last = runs.frame(last=True)["train_loss"].iloc[0]
    assert found.loss[0, 0] == pytest.approx(last, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.floats(0.1, 10))
def test_random_directions_have_the_norm_of_each_unit_and_follow_its_scale(seed, factor):
    rng = np.random.default_rng(seed)
    weights = {"layers.0.weight": rng.standard_normal((5, 4)), "layers.0.bias": np.ones(5)}
    larger = weights | {"layers.0.weight": weights["layers.0.weight"] * factor}
    plane, scaled = random_plane(weights, seed), random_plane(larger, seed)
    sizes = np.linalg.norm(weights["layers.0.weight"], axis=1)
    for one, other in ((plane.across, scaled.across), (plane.up, scaled.up)):
        assert np.linalg.norm(one["layers.0.weight"], axis=1) == pytest.approx(sizes)
        assert other["layers.0.weight"] == pytest.approx(factor * one["layers.0.weight"])
        assert not one["layers.0.bias"].any()
    assert not np.allclose(plane.across["layers.0.weight"], plane.up["layers.0.weight"])


def test_rescaled_relu_layers_have_the_same_surface():
    """What filter normalisation is for: scales that a ReLU network can move between layers."""
    task = task_of("classification")
    run = run_of(task, hidden=(7,))
    weights = trained(task, run, 1)[0]
    moved = dict(weights)
    for name, factor in (("0.weight", 8.0), ("0.bias", 8.0), ("1.weight", 1 / 8)):
        moved[f"layers.{name}"] = weights[f"layers.{name}"] * factor
    one, other = (surface(run, random_plane(w, 3), task, x=5, y=5).loss for w in (weights, moved))
    assert other == pytest.approx(one, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999))
def test_the_plane_through_three_holds_them_at_their_true_distances(seed):
    rng = np.random.default_rng(seed)
    three = {
        name: {"a": rng.standard_normal((3, 2)), "b": rng.standard_normal(4)} for name in "PQR"
    }
    plane = plane_through(three)
    for name, weights in three.items():
        there = plane.at(*plane.marks[name])
        for key, value in weights.items():
            assert there[key] == pytest.approx(value, abs=1e-9)
        assert plane.x[0] < plane.marks[name][0] < plane.x[1]
        assert plane.y[0] < plane.marks[name][1] < plane.y[1]
    flat = {name: np.concatenate([v.ravel() for v in w.values()]) for name, w in three.items()}
    for one, other in ("PQ", "QR", "PR"):
        apart = np.subtract(plane.marks[one], plane.marks[other])
        assert np.linalg.norm(apart) == pytest.approx(np.linalg.norm(flat[one] - flat[other]))


def test_portions_do_not_change_the_surface(monkeypatch):
    import importlib

    module = importlib.import_module("mlplab.theory.surface")
    task = task_of("classification")
    run = run_of(task)
    plane = random_plane(trained(task, run, 1)[0])
    whole = surface(run, plane, task, x=6, y=5).loss
    monkeypatch.setattr(module, "_FLOATS", 50 * 7 * 4)
    assert surface(run, plane, task, x=6, y=5).loss == pytest.approx(whole, rel=1e-12)


def test_the_frame_has_a_row_per_point():
    task = task_of("regression")
    run = run_of(task)
    found = surface(run, random_plane(trained(task, run, 1)[0]), task, x=4, y=3, split="valid")
    frame = found.frame().set_index(["x", "y"])["loss"]
    assert found.n_rows == 10
    assert len(frame) == 12
    assert frame[found.x[2], found.y[1]] == found.loss[1, 2]


def test_mistakes_are_named():
    task = task_of("classification")
    run = run_of(task)
    one, two, three = trained(task, run)
    with pytest.raises(ConfigError, match="batch norm's running statistics"):
        surface(run.with_value("net.norm", "batch"), random_plane(one), task)
    with pytest.raises(DataError, match="expected weights for widths"):
        surface(run.with_value("net.hidden", (7, 6)), random_plane(one), task)
    with pytest.raises(DataError, match=r"expected 'layers\.0\.gain'"):
        surface(run.with_value("net.norm", "layer"), random_plane(one), task)
    with pytest.raises(ConfigError, match="expected three networks; got 2"):
        plane_through({"A": one, "B": two})
    middle = {name: (value + two[name]) / 2 for name, value in one.items()}
    with pytest.raises(ConfigError, match="lie on one line"):
        plane_through({"A": one, "B": two, "C": middle})
    with pytest.raises(ConfigError, match="one shape"):
        plane_through({"A": one, "B": two, "C": three | {"layers.0.bias": np.ones(3)}})
