"""A user's Lion, with decoupled decay, moves as the package's; estimators take it by name."""

import numpy as np
import pytest
from tests.engine.population import made_up, of, trained

import mlplab as ml
from mlplab.engine.weights import unpack_layers


@ml.optimiser("users-lion", keeps=["mean"], decay="decoupled")
def users_lion(weight, gradient, rate, mean, b1=0.9, b2=0.99):
    weight.sub_(rate * (b1 * mean + (1 - b1) * gradient).sign())
    mean.mul_(b2).add_((1 - b2) * gradient)


def test_decoupled_decay_is_that_of_the_package():
    task = made_up(n=53, features=6)
    shared = {"lr": 0.003, "weight_decay": 0.3}
    runs = [
        of(
            task,
            net=ml.MLP(hidden=(9,)),
            optim=optim,
            fit=ml.Fit(epochs=3, batch_size=16, dtype="float64"),
        )
        for optim in (ml.Lion(**shared), ml.Custom(name="users-lion", **shared))
    ]
    weights = [unpack_layers(end.weights) for end in trained(runs, task).values()]
    for mine, users in zip(*weights, strict=True):
        np.testing.assert_allclose(mine.weight, users.weight, rtol=1e-9, atol=1e-12)


def test_estimators_take_the_name_or_the_spec():
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = (X[:, 0] > 0).astype(int)
    common = {"epochs": 3, "hidden": (8,), "random_state": 0, "n_seeds": 1}
    own = {"lr": 0.01, "weight_decay": 0.0, "schedule": "constant"}
    named = ml.MLPClassifier(optimizer="users-lion", **own, **common).fit(X, y)
    spec = ml.Custom(name="users-lion", **own)
    given = ml.MLPClassifier(optimizer=spec, **common).fit(X, y)
    np.testing.assert_array_equal(named.predict_proba(X), given.predict_proba(X))


def test_an_unknown_decay_is_one_line():
    with pytest.raises(ml.errors.ConfigError, match="decay: expected"):
        ml.optimiser("users-loose", decay="loose")
