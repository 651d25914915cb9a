"""Disjoint ensembles of an arm's runs: who is in them, what they say, how they score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from mlplab.data import Task, load_task, task_from_arrays
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, Runs
from mlplab.specs import MLP, Fit, Run
from mlplab.store import Store


@pytest.fixture
def runs(task: Task, store: Store, fake: Any) -> Runs:
    experiment = Experiment(task, vary={"lr": [0.1, 0.2]}, seeds=[4, 2, 9, 1, 5], name="rates")
    return experiment.run(store, backend=fake.backend)


def test_they_are_disjoint_and_in_the_order_of_the_seeds(runs: Runs) -> None:
    found = runs.ensembles(2, {"lr": 0.2})
    assert found.seeds == ((4, 2), (9, 1))  # 5 is left over
    assert len(found) == 2
    assert repr(found) == "Ensembles(2 of 2 runs of 'lr=0.2')"
    assert runs.ensembles(5, "lr=0.1").seeds == ((4, 2, 9, 1, 5),)


def test_each_is_the_mean_of_its_members_probabilities(runs: Runs) -> None:
    X = np.linspace(-1, 1, 20).reshape(5, 4)
    alone = runs.ensembles(1, {"lr": 0.2}).predict(X)
    found = runs.ensembles(2, {"lr": 0.2}).predict(X)
    assert found.shape == (2, 5, 3)
    np.testing.assert_allclose(found, [alone[:2].mean(0), alone[2:4].mean(0)])
    best = runs.best("valid_loss")
    together = runs.ensembles(5, best.arm.label).predict(X)
    np.testing.assert_array_equal(best.predict(X), together[0])


def test_an_ensembles_test_accuracy_is_that_of_its_mean_and_one_look(tmp_path: Any) -> None:
    task, store = load_task("digits"), Store(tmp_path / "runs.db")
    base = Run(net=MLP(hidden=(12,)), fit=Fit(epochs=3, batch_size=32))
    runs = Experiment(task, base, seeds=6).run(store, keep_weights=True, progress=False)
    n_looks = len(store.looks())
    ensembles = runs.ensembles(3)
    scores = ensembles.score_test(progress=False)
    rows = task.test_rows("check")
    said = ensembles.predict(task.inputs[rows], progress=False)
    expected = [accuracy_score(task.targets[rows], one.argmax(1)) for one in said]
    assert scores.tolist() == pytest.approx(expected)
    assert scores.mean() > runs.values("test_accuracy").mean()
    look = store.looks()[n_looks]
    assert look["purpose"] == "score of disjoint ensembles"
    assert (look["split"], look["n_runs"], look["remembered"]) == ("test", 6, False)
    # An ensemble of one is that run.
    ones = runs.ensembles(1).score_test(progress=False)
    np.testing.assert_allclose(ones, runs.values("test_accuracy")[0])


def test_numbers_are_scored_by_the_error_of_their_mean(store: Store, fake: Any) -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(60, 4)), rng.normal(size=(60, 3))
    task = task_from_arrays(X[:40], y[:40], X[40:], y[40:])
    runs = Experiment(task, seeds=4).run(store, backend=fake.backend)
    ensembles = runs.ensembles(2)
    errors = ensembles.predict(X[40:]) - y[40:]
    assert ensembles.score_test() == pytest.approx(np.sqrt((errors**2).mean((1, 2))), rel=1e-5)


def test_what_does_not_fit_is_one_line(runs: Runs, store: Store, fake: Any) -> None:
    with pytest.raises(ConfigError, match="arm: expected one of 2; got None"):
        runs.ensembles(2)
    with pytest.raises(ConfigError, match="size: expected at most the 5 runs of the arm; got 6"):
        runs.ensembles(6, "lr=0.1")
    with pytest.raises(ConfigError, match="size: expected at least 1; got 0"):
        runs.ensembles(0, "lr=0.1")
    task = task_from_arrays(np.zeros((40, 2)), np.arange(40) % 2)
    untested = Experiment(task, seeds=2).run(store, backend=fake.backend)
    with pytest.raises(ConfigError, match="score_test: arrays has no test split"):
        untested.ensembles(2).score_test()
