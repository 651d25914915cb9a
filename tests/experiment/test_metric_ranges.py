"""Intervals that are shown end where the metric's values do; the one that decides is never cut."""

from __future__ import annotations

import math

import pytest

from mlplab.cli.sweep_choice import document
from mlplab.draw.rows import summarise
from mlplab.engine.measures import metric as register_metric
from mlplab.errors import ConfigError
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.experiment import Experiment, folds
from mlplab.specs import Fit, Run, Threshold, metric_range
from mlplab.stats import mean_interval

FIT = Fit(epochs=1, measures=("share_of_mine", "skill"))


@pytest.fixture(autouse=True)
def _metrics():
    for name, ends in {"share_of_mine": {"low": 0, "high": 1}, "skill": {}}.items():
        register_metric(name, **ends)(lambda targets, outputs: 0.0)


@pytest.mark.parametrize("scores", [(0.0, 0.21), (0.9, 1.0), (0.0, 1.0)])
def test_no_shown_interval_of_a_share_leaves_nought_to_one(scores, fake, task):
    fake.score = lambda run: scores[run.seed]
    experiment = Experiment(task, Run(fit=FIT), vary={"lr": [0.1, 0.2]}, seeds=2)
    runs = experiment.run(":memory:", backend=fake.backend)
    whole = mean_interval(scores, n_test=500)
    for name in ("train_accuracy", "valid_accuracy", "test_accuracy", "valid_share_of_mine"):
        for arm in runs.summary(name):
            low, high = arm.interval
            assert 0 <= low <= arm.mean <= high <= 1
            assert (low, high) == (max(0, whole.low), min(1, whole.high)) or "valid" not in name
    (loss, _) = runs.summary("valid_loss")
    assert loss.interval[0] >= 0
    assert loss.interval[1] == pytest.approx(1 - float(whole.low), abs=1e-6)
    assert runs.summary("valid_skill")[0].interval == pytest.approx((whole.low, whole.high), 1e-3)
    assert document(runs, None, None)["arms"][0]["summary"]["valid_accuracy"]["interval"][0] >= 0
    frame = summarise(runs.frame(last=True), ["optim.lr"], "valid_accuracy", T_BAND)
    assert frame["low"].min() >= 0
    assert frame["high"].max() <= 1
    score = runs.best("valid_accuracy").score_test(seeds=[0, 1])
    assert 0 <= score.interval[0] <= score.interval[1] <= 1


def test_folds_end_there_as_well(fake, task):
    fake.score = lambda run: run.rows.index / 2
    experiment = Experiment(task, Run(fit=Fit(epochs=1)), vary={"rows": folds(3)}, seeds=1)
    (score,) = experiment.run(":memory:", backend=fake.backend).cross_validated("valid_accuracy")
    assert score.interval == (0.0, 1.0)


def test_the_deciding_interval_is_as_it_was(fake, task):
    fake.score = lambda run: [0.0, 0.21, 0.0, 0.1, 0.0][run.seed]
    claim = Threshold(
        says="poor", arm={}, value=0.0, expect="higher", metric="test_accuracy", matters=0.1
    )
    experiment = Experiment(task, Run(fit=Fit(epochs=1)), seeds=5, claims=[claim])
    (verdict,) = experiment.run(":memory:", backend=fake.backend).verdicts()
    assert verdict.interval[0] < 0


def test_numbers_in_another_unit_are_left_alone():
    assert metric_range.shown_interval("test_accuracy", 95.0, 93.0, 97.0) == (93.0, 97.0)
    assert metric_range.metric_range("valid_rmse") == (0, math.inf)


def test_ends_in_the_wrong_order_are_refused():
    with pytest.raises(ConfigError, match=r"expected low < high; got 1 and 0"):
        register_metric("upside_down", low=1, high=0)(lambda targets, outputs: 0.0)
