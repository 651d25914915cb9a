"""What is told of a fit while it runs; none of it changes the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone

from mlplab import MLPClassifier, MLPRegressor
from mlplab.estimators.settings import progress_of
from mlplab.experiment import Progress

X = np.random.default_rng(0).normal(size=(60, 3))
QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 5, "n_seeds": 2, "n_jobs": 1, "random_state": 0}


def test_epochs_are_counted_to_the_end():
    told: list[Progress] = []
    MLPRegressor(progress=told.append, **QUICK).fit(X, X[:, 0])
    assert [one.n_runs for one in told] == [2] * len(told)
    assert told[-1].n_done == 2
    assert told[-1].run_epochs == told[-1].run_epochs_total == 10


def test_early_stopping_takes_its_epochs_out():
    told: list[Progress] = []
    model = MLPRegressor(progress=told.append, early_stopping=True, patience=1, **QUICK)
    model.fit(X, np.sign(X[:, 0]) + np.random.default_rng(1).normal(size=60))
    made = sum(len(history["valid_loss"]) for history in model.history_)
    assert told[-1].run_epochs_total == made


def test_a_pass_is_told_of_too():
    told: list[Progress] = []
    model = MLPClassifier(progress=told.append, **QUICK)
    model.partial_fit(X, X[:, 0] > 0, classes=[False, True])
    assert told
    assert told[-1].run_epochs_total == 2


def test_it_changes_nothing(tmp_path):
    told: list[Progress] = []
    models = [MLPRegressor(progress=p, **QUICK).fit(X, X[:, 0]) for p in (True, False, told.append)]
    assert all(np.array_equal(model.predict(X), models[0].predict(X)) for model in models)
    assert clone(models[2]).progress == told.append
    path = tmp_path / "model.safetensors"
    models[2].save(path)
    assert MLPRegressor.load(path).progress is True


def test_nothing_is_printed_where_nobody_watches(monkeypatch: pytest.MonkeyPatch, capsys: Any):
    monkeypatch.setattr("mlplab.experiment.progress_bar.SECONDS_BEFORE", 0.0)
    MLPRegressor(**QUICK).fit(X, X[:, 0])
    assert capsys.readouterr() == ("", "")


def test_jobs_of_a_parallel_search_show_no_bars():
    assert progress_of(True) is True
    assert Parallel(2, backend="threading")(delayed(progress_of)(p) for p in (True, None)) == [
        False,
        None,
    ]
