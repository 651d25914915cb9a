"""Inside a parallel search an estimator takes one core, whatever runs it."""

from __future__ import annotations

import importlib
import threading

import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from sklearn.model_selection import GridSearchCV

from mlplab import MLPClassifier, MLPRegressor
from mlplab.estimators.settings import workers_of
from mlplab.execute import default_workers

QUICK = {"hidden": (64, 64), "epochs": 8, "n_seeds": 4, "random_state": 0}


def rows(n=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 20))
    return X, X[:, 0] + np.sin(X[:, 1])


def workers():
    return workers_of(None) or default_workers()


def threads_of(estimator, X, y):
    """How many threads each training of a fit is given; none may go to workers."""
    room = importlib.import_module("mlplab.execute.local")
    train, seen = room.train, []

    def spy(*args, threads=1, **options):
        seen.append(threads)
        return train(*args, threads=threads, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "train", spy)
        patch.setattr(room, "in_processes", None)
        estimator.fit(X, y)
    return seen


@pytest.mark.parametrize("setting", [{}, {"activation": "gelu"}, {"norm": "layer"}])
def test_a_child_computes_on_one_core(setting):
    # compiled loops, and stacks of torch's products
    jobs = [delayed(threads_of)(MLPRegressor(**QUICK | setting), *rows(100))] * 2
    assert Parallel(n_jobs=2)(jobs) == [[1], [1]]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_one_worker_inside_every_kind_of_job(backend):
    found = Parallel(n_jobs=2, backend=backend)([delayed(workers)() for _ in range(4)])
    assert found == [1] * 4
    assert workers_of(None) is None
    assert workers_of(-1) is None
    assert workers_of(3) == 3


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_parallel_search_finds_what_a_serial_one_finds(backend):
    X, y = rows(90)
    grid = {"lr": [1e-5, 0.01], "dropout": [0.0, 0.2]}
    model = MLPClassifier(hidden=(16,), epochs=8, n_seeds=2, random_state=0)
    serial = GridSearchCV(model, grid, cv=3, n_jobs=1).fit(X, y > 0)
    with parallel_config(backend=backend):
        parallel = GridSearchCV(model, grid, cv=3, n_jobs=-1).fit(X, y > 0)
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(parallel.cv_results_[name], serial.cv_results_[name])
    np.testing.assert_array_equal(
        parallel.best_estimator_.predict_proba(X), serial.best_estimator_.predict_proba(X)
    )


def test_fits_leave_no_threads_behind():
    X, y = rows(100)
    MLPRegressor(**QUICK).fit(X, y)
    before = threading.active_count()
    for _ in range(3):
        MLPRegressor(**QUICK).fit(X, y)
    assert threading.active_count() <= before
