"""What a page says of how experiments were run."""

from __future__ import annotations

from mlplab.data import load_task
from mlplab.experiment import Experiment
from mlplab.pages.run_facts import run_facts
from mlplab.pages.tables import value_html
from mlplab.specs import MLP, Fit, Run


def runs_of(rates, epochs=1):
    task = load_task("xor", n_train=20, n_test=10)
    base = Run(net=MLP(hidden=(2,)), fit=Fit(epochs=epochs, batch_size=10))
    experiment = Experiment(task, base, vary={"optim.lr": rates}, seeds=1)
    return experiment.run(":memory:", progress=False, workers=1)


def test_a_base_run_that_several_experiments_vary_is_listed_once():
    named = {"one": runs_of([0.1]), "two": runs_of([0.2]), "three": runs_of([0.1], epochs=2)}
    found = run_facts(named)["design"]
    assert found["one"]["base"] == named["one"].experiment.base.canonical()
    assert found["two"]["base"] == {"en": "as above", "zh": "同上"}
    assert found["three"]["base"] == named["three"].experiment.base.canonical()
    assert found["two"]["arms"] == ["lr=0.2"]
    assert "同上" in value_html(found["two"]["base"])


def test_a_single_experiment_is_described_by_itself():
    runs = runs_of([0.1])
    assert run_facts({"": runs})["design"]["base"] == runs.experiment.base.canonical()
