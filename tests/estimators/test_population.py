"""An estimator is a population: its members, their mean, what decides them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, train_test_split

from mlplab import MLP, MLPClassifier, MLPRegressor, Run, task_from_arrays
from mlplab.engine import Ended, predict
from mlplab.errors import ConfigError, DataError
from mlplab.estimators.targets import TRANSFORMS
from mlplab.execute import execute
from mlplab.specs import AdamW, Fit

QUICK = {"hidden": (16,), "epochs": 5, "random_state": 0}


def wave(n=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + 0.1 * rng.normal(size=n)


def test_one_network_is_the_run_of_its_seed():
    X, y = wave()
    model = MLPRegressor((16,), epochs=5, batch_size=32, dropout=0, n_seeds=1, random_state=3)
    model.fit(X, y)
    inputs = model.scaler_.transform(X)
    task = task_from_arrays(inputs, (y - y.mean()) / y.std(), kind="regression")
    run = Run(
        net=MLP(hidden=(16,)),
        optim=AdamW(lr=0.002, weight_decay=1.0, schedule="cosine"),
        fit=Fit(epochs=5, batch_size=32),
        seed=model.seeds_[0],
    )
    (ended,) = (e for e in execute([run], task, keep_weights=True) if isinstance(e, Ended))
    alone = predict(run, ended.weights, inputs)[:, 0] * y.std() + y.mean()
    assert_allclose(model.predict(X), alone, atol=1e-5)


def test_predictions_are_means_over_networks_and_more_networks_keep_the_first():
    X, y = wave()
    many = MLPRegressor(**QUICK, n_seeds=3).fit(X, y)
    assert many.seeds_[:2] == MLPRegressor(**QUICK, n_seeds=2).fit(X, y).seeds_
    inputs = many._scaled(X)
    each = [many.targets_.back(member.outputs(inputs))[:, 0] for member in many.members_]
    mean, spread = many.predict(X, return_std=True)
    assert_allclose(mean, np.mean(each, axis=0), rtol=1e-9, atol=1e-12)
    assert_allclose(spread, np.std(each, axis=0, ddof=1), rtol=1e-9, atol=1e-12)
    first = MLPRegressor(**QUICK, n_seeds=1).fit(X, y)
    assert_allclose(first.predict(X), each[0])


def test_probabilities_are_means_over_networks():
    X, y = load_wine(return_X_y=True)
    model = MLPClassifier(**QUICK, n_seeds=3).fit(X, y)
    logits = [member.outputs(model._scaled(X)) for member in model.members_]
    each = [np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in logits]
    mean, spread = model.predict_proba(X, return_std=True)
    assert_allclose(mean, np.mean(each, axis=0), atol=1e-12)
    assert_allclose(spread, np.std(each, axis=0, ddof=1), atol=1e-12)
    assert_allclose(mean.sum(axis=1), 1)
    assert_allclose(model.predict_log_proba(X), np.log(mean))


def test_no_global_randomness():
    X, y = wave(50)
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one = MLPRegressor(**QUICK | {"random_state": None}).fit(X, y)
    np.random.seed(1)  # noqa: NPY002
    other = MLPRegressor(**QUICK | {"random_state": None}).fit(X, y)
    assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert one.seeds_ != other.seeds_
    same = [MLPRegressor(**QUICK).fit(X, y).predict(X) for _ in range(2)]
    assert_array_equal(*same)


def test_the_order_of_rows_does_not_matter_where_an_epoch_is_one_batch():
    X, y = wave(60)
    order = np.random.default_rng(0).permutation(60)
    model = MLPRegressor(**QUICK, batch_size=100, dropout=0, dtype="float64")
    there = clone(model).fit(X, y).predict(X)
    assert_allclose(clone(model).fit(X[order], y[order]).predict(X), there, rtol=1e-9)


def test_a_constant_feature_changes_nothing():
    X, y = wave(80)
    model = MLPRegressor(**QUICK)
    more = np.insert(X, 1, 7.0, axis=1)
    assert_array_equal(clone(model).fit(more, y).predict(more), model.fit(X, y).predict(X))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny_data_and_constant_targets(n):
    X = np.zeros((n, 2))
    model = MLPRegressor(**QUICK).fit(X, np.full(n, 0.1))
    assert_array_equal(model.predict(X), np.full(n, 0.1))
    if n > 1:
        y = np.arange(n) % 2
        assert MLPClassifier(**QUICK).fit(X, y).predict_proba(X).shape == (n, 2)
        early = MLPClassifier(**QUICK, early_stopping=True).fit(X, y)
        assert early.predict(X).shape == (n,)


def test_extreme_features_stay_finite():
    X = np.array([[1e308, -1e-300], [-1e308, 0], [0, 1e-300], [1, 1]] * 5)
    assert np.isfinite(MLPRegressor(**QUICK).fit(X, np.arange(20.0)).predict(X)).all()


@pytest.mark.parametrize(
    ("load", "least"), [(load_digits, 0.95), (load_breast_cancer, 0.94), (load_wine, 0.93)]
)
def test_defaults_classify(load, least):
    X, y = load(return_X_y=True)
    parts = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    model = MLPClassifier(random_state=0).fit(parts[0], parts[2])
    dummy = DummyClassifier().fit(parts[0], parts[2])
    assert model.score(parts[1], parts[3]) > max(least, dummy.score(parts[1], parts[3]) + 0.2)


def test_defaults_regress():
    X, y = load_diabetes(return_X_y=True)
    parts = train_test_split(X, y, test_size=0.3, random_state=0)
    model = MLPRegressor(random_state=0).fit(parts[0], parts[2])
    assert model.score(parts[1], parts[3]) > 0.25
    assert DummyRegressor().fit(parts[0], parts[2]).score(parts[1], parts[3]) < 0.01
    X, y = wave(600)
    curved = MLPRegressor(random_state=0).fit(X[:400], y[:400]).score(X[400:], y[400:])
    assert curved > LinearRegression().fit(X[:400], y[:400]).score(X[400:], y[400:]) + 0.1


def test_early_stopping_ends_before_the_last_epoch_and_keeps_the_best():
    X, y = wave(80)
    model = MLPRegressor(
        (64,), epochs=300, lr=0.01, early_stopping=True, patience=5, n_seeds=2, random_state=0
    ).fit(X, y + np.random.default_rng(0).normal(size=80))
    for epochs, history in zip(model.n_epochs_, model.history_, strict=True):
        assert len(history["valid_loss"]) < 300
        assert epochs == 1 + int(np.argmin(history["valid_loss"]))


def test_balanced_classes_help_the_rare_one():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (380, 1)), rng.normal(1, 1, (20, 1))])
    y = np.repeat(["often", "rare"], [380, 20])
    plain = MLPClassifier(**QUICK | {"epochs": 30}).fit(X, y)
    balanced = MLPClassifier(**QUICK | {"epochs": 30}, class_weight="balanced").fit(X, y)
    assert (plain.predict(X) == "rare").mean() < 0.05 < (balanced.predict(X) == "rare").mean()
    named = clone(balanced).set_params(class_weight={"often": 400 / 760, "rare": 10.0}).fit(X, y)
    assert_allclose(named.predict_proba(X), balanced.predict_proba(X), atol=1e-6)
    as_weights = np.where(y == "rare", 10.0, 400 / 760)
    weighted = MLPClassifier(**QUICK | {"epochs": 30}).fit(X, y, as_weights)
    assert_allclose(named.predict_proba(X), weighted.predict_proba(X), atol=1e-6)


def test_several_targets_have_their_own_units():
    X, y = wave(300)
    both = np.stack([y, 1000 * y + 5], axis=1)
    model = MLPRegressor((32,), lr=0.01, epochs=60, n_seeds=2, random_state=0).fit(X, both)
    found, spread = model.predict(X, return_std=True)
    assert found.shape == spread.shape == both.shape
    assert model.score(X, both) > 0.8
    assert MLPRegressor(**QUICK).fit(X, both[:, :1]).predict(X).shape == (300, 1)


@pytest.mark.parametrize("transform", ["log", "log1p", "asinh"])
def test_transformed_targets_are_predicted_in_their_own_units(transform):
    X, y = wave(400)
    big = np.exp(3 * y)
    there = TRANSFORMS[transform][0]
    model = MLPRegressor((32,), lr=0.01, epochs=60, n_seeds=2, random_state=0)
    plain = model.fit(X, big).predict(X)
    found = model.set_params(target_transform=transform).fit(X, big).predict(X)
    good = r2_score(there(big), there(found))
    assert good > 0.8
    # where a network may predict anything, what is below the domain counts as its edge
    assert good > r2_score(there(big), there(np.maximum(plain, big.min()))) + 0.1
    with pytest.raises(DataError, match="needs targets above"):
        MLPRegressor(target_transform="log").fit(X, y)


def test_a_parallel_search_takes_one_core_per_worker():
    X, y = wave(80)
    search = GridSearchCV(MLPRegressor(**QUICK), {"lr": [1e-6, 0.01]}, cv=2, n_jobs=-1)
    assert search.fit(X, y).best_params_ == {"lr": 0.01}


def test_networks_that_diverge_are_left_out_or_refused():
    X, y = wave(100)
    wild = MLPRegressor(**QUICK, optimizer="sgd", lr=1e6)
    with pytest.raises(ConfigError, match="every network diverged; try a lower lr"):
        wild.fit(X, y)
    partly = MLPRegressor(
        (16,),
        optimizer="sgd",
        momentum=0,
        dropout=0,
        epochs=20,
        lr=1.0,
        n_seeds=16,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning, match=r"of 16 networks diverged at lr=1 "):
        partly.fit(X, y)
    assert 0 < len(partly.members_) < 16
    assert np.isfinite(partly.predict(X)).all()


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"hidden": (0,)}, "hidden"),
        ({"activation": "rule"}, "activation: expected one of relu"),
        ({"optimizer": "adamm"}, "optimizer: expected one of sgd"),
        ({"n_seeds": 0}, "n_seeds: expected a whole number from 1; got 0"),
        ({"n_seeds": 10**30}, "n_seeds: expected at most 10000000; got 10000"),
        ({"n_seeds": 10**5000}, "n_seeds: .*; got a whole number of more than 4300 digits"),
        ({"lr": 10**5000}, "lr: .*; got a whole number of more than 4300 digits"),
        ({"batch_size": "all"}, "batch_size: expected 'auto' or a whole number; got 'all'"),
        ({"early_stopping": True, "valid": 1.5}, "valid: expected a share"),
        ({"calibration": -0.1}, "calibration: expected a share"),
        ({"random_state": -1}, "random_state: expected a whole number from 0; got -1"),
        ({"n_jobs": 0}, "n_jobs: expected a whole number from 1; got 0"),
        ({"target_transform": "sqrt"}, "target_transform: expected one of"),
        ({"epochs": 0}, "epochs: expected"),
        ({"dtype": "float16"}, "dtype"),
    ],
)
def test_a_wrong_parameter_gets_one_line(wrong, line):
    with pytest.raises(ConfigError, match=line) as problem:
        MLPRegressor(**QUICK | wrong).fit(*wave(20))
    assert "\n" not in str(problem.value)


def test_classes_that_do_not_fit_get_one_line():
    X, y = load_wine(return_X_y=True)
    with pytest.raises(ConfigError, match="'rare' is not among"):
        MLPClassifier(**QUICK, class_weight={"rare": 2}).fit(X, y)
    with pytest.raises(ConfigError, match="class_weight: expected None, 'balanced' or a dict; got"):
        MLPClassifier(**QUICK, class_weight=True).fit(X, y)
    with pytest.raises(ConfigError, match=r"class_weight\[0\]: expected a number; got 'often'"):
        MLPClassifier(**QUICK, class_weight={0: "often"}).fit(X, y)
    with pytest.raises(ConfigError, match="at least 2 networks"):
        MLPClassifier(**QUICK, n_seeds=1).fit(X, y).predict_proba(X, return_std=True)
