"""Files and pickles: what was saved predicts the same; what is not of ours is refused."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from safetensors.numpy import load, save
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlplab as ml
from mlplab import MLPClassifier, MLPRegressor
from mlplab.errors import ConfigError, DataError

rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "größe"])
number = X["a"].to_numpy() * 2
QUICK = {"hidden": (8,), "epochs": 3, "n_seeds": 2, "random_state": 0}


@pytest.mark.parametrize(
    "labels",
    [
        np.where(number > 0, "yes", "no"),
        np.where(number > 0, "yes", "no").astype(object),
        number > 0,
        (number > 0) * 7 - 3,
        (number > 0) * 2.0,
    ],
)
def test_a_classifier_comes_back(tmp_path, labels):
    classes = np.unique(labels)
    weights = {classes[0]: 2.0, classes[1]: 1.0}
    model = MLPClassifier(**QUICK, calibration=0.3, class_weight=weights).fit(X, labels)
    model.save(tmp_path / "model")
    back = MLPClassifier.load(tmp_path / "model")
    assert_array_equal(back.predict_proba(X), model.predict_proba(X))
    assert_array_equal(back.predict(X), model.predict(X))
    assert back.predict(X).dtype.kind == model.predict(X).dtype.kind
    assert_array_equal(back.predict_set(X, 0.8), model.predict_set(X, 0.8))
    assert back.get_params() == model.get_params()
    assert_array_equal(back.feature_names_in_, model.feature_names_in_)
    assert [member.run for member in back.members_] == [member.run for member in model.members_]
    assert_array_equal(back.fit(X, labels).predict(X), model.predict(X))


@pytest.mark.parametrize(
    "setting",
    [
        {"target_transform": "asinh", "calibration": 0.3, "random_state": None},
        {"norm": "batch", "activation": "prelu:0.25,unit", "dtype": "float64"},
        {"norm": "layer", "hidden": [8, 4], "dropout": [0.1, 0.2], "early_stopping": True},
        {"hidden": (), "optimizer": "sgd", "lr": 0.01, "n_seeds": np.int64(3)},
    ],
)
@pytest.mark.parametrize("n_targets", [0, 2])
def test_a_regressor_comes_back(tmp_path, setting, n_targets):
    y = np.stack([number] * n_targets, axis=1) if n_targets else number
    model = MLPRegressor(**QUICK | setting).fit(X, y)
    model.save(tmp_path / "model")
    back = MLPRegressor.load(tmp_path / "model")
    assert_array_equal(back.predict(X, return_std=True), model.predict(X, return_std=True))
    assert back.seeds_ == model.seeds_
    assert str(back.history_) == str(model.history_)
    assert back.partial_fit(X, y).predict(X).shape == y.shape if not back.calibration else True


def test_pickles_predict_the_same_and_go_on_the_same():
    model = MLPRegressor(**QUICK).partial_fit(X, number)
    back = pickle.loads(pickle.dumps(model))
    assert_array_equal(back.predict(X), model.predict(X))
    again = [one.partial_fit(X, number).predict(X) for one in (model, back)]
    assert_array_equal(*again)


def test_pipelines_with_frames_keep_names():
    pipe = make_pipeline(StandardScaler(), MLPRegressor(**QUICK)).set_output(transform="pandas")
    pipe.fit(X, number)
    assert list(pipe[-1].feature_names_in_) == list(X.columns)
    with pytest.raises(ValueError, match="feature names"):
        pipe.predict(X.rename(columns={"a": "z"}))


@pytest.fixture(scope="module")
def blob(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "model"
    MLPClassifier(**QUICK).fit(X, number > 0).save(path)
    return path.read_bytes()


def take_apart(blob):
    size = int.from_bytes(blob[:8], "little")
    note = json.loads(json.loads(blob[8 : 8 + size])["__metadata__"]["mlplab-estimator"])
    return note, {name: tensor.copy() for name, tensor in load(blob).items()}


@ml.optimiser("file-heavy-ball", keeps=("velocity",), decay="decoupled")
def heavy_ball(weight, gradient, rate, velocity, beta=0.9):
    velocity.mul_(beta).add_(gradient)
    weight.sub_(rate * velocity)


@pytest.mark.parametrize(
    "optimizer",
    [
        "lion",
        "file-heavy-ball",
        ml.Custom(name="file-heavy-ball", lr=0.02, settings={"beta": 0.5}, weight_decay=0.1),
    ],
)
def test_any_optimiser_is_cloned_and_comes_back(tmp_path, optimizer):
    model = clone(MLPClassifier(**QUICK, optimizer=optimizer)).fit(X, number > 0)
    model.save(tmp_path / "model")
    back = MLPClassifier.load(tmp_path / "model")
    assert back.get_params() == model.get_params()
    assert_array_equal(back.predict_proba(X), model.predict_proba(X))
    assert_array_equal(back.fit(X, number > 0).predict_proba(X), model.predict_proba(X))


def refused(tmp_path, blob, match="not a file of MLPClassifier.save"):
    path = tmp_path / "model"
    path.write_bytes(blob)
    with pytest.raises(DataError, match=match) as problem:
        MLPClassifier.load(path)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("format", 2, "format"),
        ("kind", "MLPRegressor", "it holds a MLPRegressor"),
        ("extra", 1, "no field 'extra'"),
        ("seeds", [1], "as many seeds"),
        ("seeds", [-1, 2], "seed"),
        ("seeds", "x", "seeds"),
        ("classes", ["a"], "at least two"),
        ("classes", [True, True], "different"),
        ("classes_dtype", "labels", "not understood"),
        ("classes_dtype", "V8", "type of labels"),
        ("feature_names", ["a"], "feature names"),
        ("n_features", 4, "feature names"),
        ("n_features", 10**9, "feature names"),
    ],
)
def test_a_note_that_does_not_fit_is_refused(tmp_path, blob, field, value, match):
    note, tensors = take_apart(blob)
    refused(tmp_path, save(tensors, {"mlplab-estimator": json.dumps(note | {field: value})}), match)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("hidden", [9], "expected shape"),
        ("hidden", [10**9], "hidden"),
        ("hidden", {"a": 1}, "hidden"),
        ("activation", "os.system", "activation"),
        ("__class__", "x", "unknown"),
        ("dtype", "float64", "expected shape"),
        ("optimizer", ["adamw"], "."),
    ],
)
def test_parameters_that_do_not_fit_are_refused(tmp_path, blob, name, value, match):
    note, tensors = take_apart(blob)
    note["params"][name] = value
    refused(tmp_path, save(tensors, {"mlplab-estimator": json.dumps(note)}), match)


def test_tensors_that_do_not_fit_are_refused(tmp_path, blob):
    note, tensors = take_apart(blob)
    written = {"mlplab-estimator": json.dumps(note)}
    name = "members.0.layers.0.weight"
    refused(tmp_path, save(tensors | {"stranger": np.ones(2)}, written), "belongs nowhere")
    refused(tmp_path, save(tensors | {name: tensors[name] * np.nan}, written), "finite floats")
    refused(tmp_path, save(tensors | {name: tensors[name][:3]}, written), "expected shape")
    del tensors[name]
    refused(tmp_path, save(tensors, written))
    refused(tmp_path, save({"a": np.ones(2)}))


def test_other_files_are_refused(tmp_path, blob):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    refused(tmp_path, pickle.dumps(Evil()))
    assert not (tmp_path / "owned").exists()
    for wrong in (b"", b"\x00", b"\xff" * 100, blob[:-3], blob[:200], blob + b"0" * 9):
        refused(tmp_path, wrong)
    deep = b"[" * 100_000
    refused(tmp_path, len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(DataError, match="cannot be read"):
        MLPClassifier.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="path: expected a file's path; got 3"):
        MLPClassifier.load(3)
    with pytest.raises(DataError, match="/dev/zero: is a device; expected a file of MLPClassifier"):
        MLPClassifier.load("/dev/zero")


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2000), byte=st.integers(0, 255))
def test_a_damaged_byte_is_refused_or_harmless(tmp_path_factory, blob, place, byte):
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(blob[:place] + bytes([byte]) + blob[place + 1 :])
    try:
        back = MLPClassifier.load(path)
    except DataError:
        return
    assert len(back.members_) == 2


def test_what_has_no_place_in_a_file_is_said(tmp_path):
    model = MLPClassifier(**QUICK).fit(X, number > 0)
    with pytest.raises(ConfigError, match="has no place in a file"):
        model.set_params(n_jobs=object()).save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("targets.rows", np.zeros(2)),
        ("targets.far", np.array([61.0])),
        ("targets.renewed", np.zeros(1)),
        ("scaler.far", -np.ones(3)),
    ],
)
def test_counts_of_rows_that_cannot_be_are_refused(tmp_path, name, value):
    path = tmp_path / "model"
    MLPRegressor(**QUICK).fit(X, number).save(path)
    note, tensors = take_apart(path.read_bytes())
    note = {"mlplab-estimator": json.dumps(note)}
    counts = ("rows", "far", "renewed")
    path.write_bytes(save({n: t for n, t in tensors.items() if not n.endswith(counts)}, note))
    MLPRegressor.load(path).partial_fit(X, number).save(path)
    MLPRegressor.load(path)
    path.write_bytes(save(tensors | {name: value}, note))
    with pytest.raises(DataError, match=name.split(".")[0]):
        MLPRegressor.load(path)
