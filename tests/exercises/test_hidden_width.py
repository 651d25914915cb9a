"""4.2.1 told from real runs, on digits in place of Fashion-MNIST so that it takes seconds."""

from __future__ import annotations

import re

import pytest

from mlplab.exercises import PROFILES, get_exercise
from mlplab.exercises.hidden_width import tell
from mlplab.experiment import Experiment
from mlplab.specs import TaskRef
from mlplab.stats import mean_interval
from mlplab.store import Store


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store") / "runs.sqlite")
    design = get_exercise("4.2.1").design(PROFILES["quick"], 5)

    def on_digits(experiment: Experiment, valid: float) -> Experiment:
        return Experiment(
            TaskRef(name="digits", valid=valid),
            experiment.base.with_value("fit.batch_size", 32),
            seeds=experiment.seeds,
            claims=experiment.claims,
            arms=[dict(arm.factors) for arm in experiment.design],
        )

    widths = on_digits(design["widths"], 0.1).run(store, workers=1)
    published = on_digits(design["published"], 0.0).run(store, workers=1)
    printed = {"test_accuracy": 0.85, "train_accuracy": 0.8656}
    return widths, published, tell(widths, published, PROFILES["quick"], printed), store


def test_every_placeholder_of_the_text_has_a_value(told):
    findings = told[2]
    for language in ("en", "zh"):
        answer = get_exercise("4.2.1").text(language).answer
        for name in re.findall(r"\{\{(\w+)", answer):
            assert name in findings.values


def test_values_are_those_of_the_runs(told):
    widths, published, findings, _ = told
    frame = widths.frame(last=True)
    width = frame["net.hidden"].astype(int)
    mean = frame[width == 256]["test_accuracy"].mean()
    assert findings.values["test_256"] == pytest.approx(mean, abs=1e-15)
    one, other = (
        frame[width == n].sort_values("seed")["test_accuracy"].to_numpy() for n in (376, 256)
    )
    interval = mean_interval(one - other, claims=4, n_test=widths.experiment.data.n_test)
    assert findings.values["step_256_376"] == pytest.approx(float(interval.mean))
    assert findings.values["step_low"] == pytest.approx(float(interval.low))
    again = published.frame(last=True)["test_accuracy"]
    assert findings.values["again_low"] == again.min()


def test_the_chosen_width_is_chosen_by_validation_and_scored_by_fresh_seeds(told):
    widths, _, findings, store = told
    frame = widths.frame(last=True)
    by_width = frame.groupby(frame["net.hidden"].astype(int))["valid_accuracy"].mean()
    assert findings.values["chosen"] in by_width.index[by_width == by_width.max()]
    looks = [look["purpose"] for look in store.looks()]
    assert any("chosen by valid_accuracy" in purpose for purpose in looks)


def test_figures_hold_every_run(told):
    widths, _, findings, _ = told
    by_width = next(f for f in findings.figures if f.name == "accuracy-by-width")
    assert len(by_width.data) >= len(widths)
    assert len({figure.name for figure in findings.figures}) == 4
