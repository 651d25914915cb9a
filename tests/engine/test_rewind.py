"""A run that diverges goes back to the end of an epoch, at a lower rate."""

from __future__ import annotations

import math

import pytest
from tests.engine.population import bits, made_up, of, trained
from tests.engine.test_diverged import far_rows
from torch import nn

import mlplab as ml
from mlplab.errors import ConfigError
from mlplab.specs import LARS, MLP, SGD, Adam, Fit, Module


@ml.schedule("calm-then-wild")
def calm_then_wild(epoch, epochs):
    return 8.0 if epoch < 3 else 2048.0


@ml.schedule("calm-then-less-wild")
def calm_then_less_wild(epoch, epochs):
    return 8.0 if epoch < 3 else 512.0


@ml.module("straight")
def straight(n_features, n_outputs):
    return nn.Sequential(nn.Linear(n_features, 6), nn.Linear(6, n_outputs))


def end_of(task, run):
    return trained([run], task)[run.key]


# Halves of powers of two: rates that are equal to the last bit.
HALVES = {"rewinds": 30, "rewind_factor": 0.5}


@pytest.mark.parametrize(
    "net", [MLP(hidden=()), MLP(hidden=(6, 5), activation="tanh"), Module(name="straight")]
)
@pytest.mark.parametrize("optim", [SGD(lr=64.0), SGD(lr=64.0, momentum=0.5), LARS(lr=2.0**16)])
def test_back_at_its_first_weights_it_is_a_run_at_the_lower_rate(net, optim):
    task = made_up("regression", valid=0.2)
    fit = Fit(epochs=4, batch_size=8, test="epoch", measures=("grad_norm",))
    run = of(task, net=net, optim=optim, fit=fit.replace(**HALVES))
    found = end_of(task, run)
    assert found.outcome.status == "finished"
    n = set(found.outcome.history["rewinds"])
    assert len(n) == 1, "it also went back later"
    assert min(n) > 0
    rate = optim.lr * 0.5 ** min(n)
    plain = end_of(task, of(task, net=net, optim=optim.replace(lr=rate), fit=fit))
    assert found.weights == plain.weights
    for name, values in plain.outcome.history.items():
        assert list(found.outcome.history[name]) == list(values)
    assert end_of(task, run.with_value("fit.rewinds", 0)).outcome.status == "diverged"


def test_back_at_a_later_epoch_it_is_a_run_whose_rate_falls_there():
    task = made_up("regression", n=64, outputs=1)
    fit = Fit(epochs=9, batch_size=32, measures=("grad_norm",), rewinds=3, rewind_factor=0.5)
    optim = SGD(lr=1e-3, momentum=0.25, schedule="calm-then-wild")
    run = of(task, net=MLP(hidden=()), optim=optim, fit=fit)
    found = end_of(task, run)
    assert list(found.outcome.history["rewinds"]) == [0.0] * 3 + [2.0] * 6
    falling = optim.replace(schedule="calm-then-less-wild")
    plain = run.replace(optim=falling, fit=fit.replace(rewinds=0))
    assert found.weights == end_of(task, plain).weights


def test_when_its_rewinds_are_spent_it_has_diverged():
    task = made_up("regression", valid=0.2)
    run = of(task, net=MLP(hidden=(6,)), optim=SGD(lr=1e9),
             fit=Fit(epochs=3, batch_size=8, rewinds=2))  # fmt: skip
    outcome = end_of(task, run).outcome
    assert (outcome.status, outcome.diverged_epoch, outcome.epochs) == ("diverged", 1, 1)
    assert {len(values) for values in outcome.history.values()} == {1}
    assert outcome.last("rewinds") == 2


@pytest.mark.parametrize("when", ["end", "epoch"])
def test_the_test_split_takes_no_run_back(when):
    task = far_rows("regression", "test")
    fit = Fit(epochs=3, batch_size=15, test=when, rewinds=2)
    run = of(task, net=MLP(hidden=(6,), init="uniform:5"), optim=SGD(lr=1e-4), fit=fit)
    outcome = end_of(task, run).outcome
    assert outcome.status == "diverged"
    assert not any(outcome.history["rewinds"])


def test_the_validation_split_does():
    task = far_rows("regression", "valid")
    fit = Fit(epochs=3, batch_size=15, rewinds=2)
    run = of(task, net=MLP(hidden=(6,), init="uniform:5"), optim=SGD(lr=1e-4), fit=fit)
    assert end_of(task, run).outcome.last("rewinds") == 2


def test_neighbours_keep_their_bits_while_some_go_back():
    task = made_up("regression", valid=0.2)
    fit = Fit(epochs=5, batch_size=8, patience=3, ema=0.5, rewinds=4)
    runs = [of(task, net=MLP(hidden=(7,)), optim=Adam(lr=1e-3) if rate is None else SGD(lr=rate),
               fit=fit, seed=seed)
            for rate in (None, 0.01, 10.0, 1e3, 1e9) for seed in (0, 1)]  # fmt: skip
    among = trained(runs, task)
    assert any(one.outcome.history["rewinds"][-1] for one in among.values())
    for run in runs:
        assert bits(among[run.key]) == bits(end_of(task, run))


def test_it_is_a_metric_of_runs_that_may():
    from mlplab.experiment.metrics import check_metric

    check_metric("rewinds", of(made_up(), fit=Fit(rewinds=1)), None)
    with pytest.raises(ConfigError, match="record no 'rewinds'"):
        check_metric("rewinds", of(made_up()), None)
    with pytest.raises(ConfigError, match="rewind_factor"):
        Fit(rewinds=1, rewind_factor=1.0)
    assert math.isclose(Fit(rewinds=1).rewind_factor, 0.1)
