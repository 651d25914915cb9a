"""What does not matter: the order of columns, units of features and targets, names of classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_predict

from mlplab import MLPClassifier, MLPRegressor
from mlplab.errors import ConfigError

EXACT = {"hidden": (8,), "epochs": 6, "n_seeds": 2, "dtype": "float64", "random_state": 0}
# columns have weights of their own from the start, unless all start at zero
LINEAR = EXACT | {"hidden": (), "init": "zeros", "dropout": 0, "lr": 0.05}


def wave(n=80, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, np.sin(X[:, 0]) + X[:, 1]


def test_the_order_of_columns_does_not_matter_where_all_start_equal():
    X, y = wave()
    order = [2, 0, 3, 1]
    there = MLPRegressor(**LINEAR).fit(X, y).predict(X)
    assert_allclose(MLPRegressor(**LINEAR).fit(X[:, order], y).predict(X[:, order]), there)
    classes = np.digitize(y, [-0.5, 0.5])
    there = MLPClassifier(**LINEAR).fit(X, classes).predict_proba(X)
    back = MLPClassifier(**LINEAR).fit(X[:, order], classes).predict_proba(X[:, order])
    assert_allclose(back, there)


def test_the_order_of_columns_changes_no_more_than_the_seed():
    X, y = wave(300)
    new, truth = wave(200, seed=1)
    model = MLPRegressor(hidden=(32,), lr=0.01, epochs=30, n_seeds=4, random_state=0)
    orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]]
    scores = [clone(model).fit(X[:, o], y).score(new[:, o], truth) for o in orders]
    seeds = [clone(model).set_params(random_state=s).fit(X, y).score(new, truth) for s in (1, 2)]
    assert min(scores) > 0.9
    assert np.ptp(scores) < 0.03 + np.ptp(seeds)


def test_the_order_of_rows_does_not_matter_for_classes_either():
    X, y = wave(60)
    classes = np.where(y > 0, "up", "down")
    order = np.random.default_rng(0).permutation(60)
    model = MLPClassifier(**EXACT, batch_size=100, dropout=0)
    there = clone(model).fit(X, classes).predict_proba(X)
    back = clone(model).fit(X[order], classes[order]).predict_proba(X)
    assert_allclose(back, there, rtol=1e-9)


def test_units_do_not_matter():
    X, y = wave()
    model = MLPRegressor(**EXACT).fit(X, y)
    other = MLPRegressor(**EXACT).fit(X * 4.0 - 8.0, 1024 * y)
    assert_allclose(other.predict(X * 4.0 - 8.0), 1024 * model.predict(X), rtol=1e-6, atol=1e-6)
    one, several = (m.predict(X, return_std=True)[1] for m in (model, clone(model).fit(X, y)))
    assert_array_equal(one, several)


def test_names_of_classes_do_not_matter():
    X, y = load_wine(return_X_y=True)
    names = np.array(["a", "b", "c"], dtype=object)
    numbered = MLPClassifier(**EXACT).fit(X, y)
    named = MLPClassifier(**EXACT).fit(X, names[y])
    assert_array_equal(named.predict_proba(X), numbered.predict_proba(X))
    assert_array_equal(named.predict(X), names[numbered.predict(X)])


def test_one_target_is_one_column():
    X, y = wave()
    flat = MLPRegressor(**EXACT).fit(X, y)
    column = MLPRegressor(**EXACT).fit(X, y[:, None])
    assert_array_equal(column.predict(X)[:, 0], flat.predict(X))
    assert column.predict(X, return_std=True)[1].shape == (80, 1)


def test_weights_are_shares_and_zero_is_absence():
    X, y = wave(60)
    model = MLPRegressor(**EXACT, batch_size=100, dropout=0)
    there = clone(model).fit(X, y).predict(X)
    assert_allclose(clone(model).fit(X, y, np.full(60, 3.0)).predict(X), there, rtol=1e-7)
    weights = np.arange(60) % 4
    repeated = np.repeat(np.arange(60), weights)
    assert_allclose(
        clone(model).fit(X, y, weights).predict(X),
        clone(model).fit(X[repeated], y[repeated]).predict(X),
        rtol=1e-7,
        atol=1e-9,
    )


@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
def test_a_clone_has_the_settings_and_nothing_else(kind):
    X, y = wave()
    y = y if kind is MLPRegressor else y > 0
    model = kind(**EXACT).fit(pd.DataFrame(X, columns=list("abcd")), y)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not [name for name in vars(twin) if name.endswith("_")]
    assert list(model.feature_names_in_) == list("abcd")
    assert not hasattr(twin.fit(X, y), "feature_names_in_")


def test_out_of_fold_predictions_are_those_of_their_folds():
    X, y = wave()
    model = MLPRegressor(**EXACT)
    found = cross_val_predict(model, X, y, cv=4)
    rest = np.arange(80) >= 20
    assert_array_equal(found[:20], clone(model).fit(X[rest], y[rest]).predict(X[:20]))


def test_a_deviation_needs_two_networks():
    X, y = wave()
    with pytest.raises(ConfigError, match="return_std: needs at least 2 networks"):
        MLPRegressor(**EXACT | {"n_seeds": 1}).fit(X, y).predict(X, return_std=True)
