"""Early stopping: when a run ends, which weights it leaves, and what is said of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.engine import plain
from tests.engine.population import bits, made_up, of, trained

from mlplab.engine import Checkpointed, predict, program, train
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Adam, Fit


@pytest.fixture(autouse=True, params=["loops", "stacks"])
def where(request, monkeypatch):
    """Both ways of training follow the same rule."""
    if request.param == "stacks":
        monkeypatch.setattr(program, "is_native", lambda *_: False)
    return request.param


def noisy(**fields):
    """A run that fits noise: its validation loss soon rises."""
    task = made_up(n=60, features=8, valid=20, seed=3)
    own = {"epochs": 40, "batch_size": 8, "patience": 3} | fields
    return task, of(task, net=MLP(hidden=(30,)), optim=Adam(lr=0.03), fit=Fit(**own), seed=2)


def first_end(values, patience, sign=1):
    """Where the rule ends a run: the oracle, written out."""
    best = 0
    for epoch, value in enumerate(values):
        if sign * value < sign * values[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch + 1, best + 1
    return len(values), best + 1


@pytest.mark.parametrize("patience", [1, 3, 10, 100])
@pytest.mark.parametrize("monitor", ["valid_loss", "valid_accuracy"])
def test_a_run_ends_by_the_rule_and_leaves_its_best_weights(patience, monitor):
    task, run = noisy(patience=patience, monitor=monitor)
    whole = of(task, **{name: run.value(name) for name in ("net", "optim", "seed")},
               fit=run.fit.replace(patience=0))  # fmt: skip
    longer = trained([whole], task)[whole.key].outcome.history
    done = trained([run], task)[run.key]
    sign = -1 if monitor == "valid_accuracy" else 1
    end, best = first_end(longer[monitor], patience, sign)
    assert (done.outcome.epochs, done.outcome.best_epoch) == (end, best)
    assert done.outcome.status == "finished"
    assert done.outcome.history["valid_loss"] == longer["valid_loss"][:end]
    assert done.outcome.last("valid_loss") == longer["valid_loss"][best - 1]
    short = whole.with_value("fit.epochs", best)
    there = trained([short], task)[short.key]
    assert done.weights == there.weights
    assert done.outcome.last("test_loss") == there.outcome.last("test_loss")
    assert done.outcome.correct == there.outcome.correct
    assert np.isfinite(done.outcome.history["test_loss"]).sum() == 1


def test_without_restoring_the_last_weights_stay():
    task, run = noisy(restore_best=False)
    done = trained([run], task)[run.key]
    assert done.outcome.best_epoch is None
    assert done.outcome.epochs < 40
    short = run.replace(fit=run.fit.replace(patience=0, epochs=done.outcome.epochs))
    assert done.weights == trained([short], task)[short.key].weights


def test_curves_of_the_test_split_meet_at_the_best_epoch():
    task, run = noisy(test="epoch")
    done = trained([run], task)[run.key]
    curve = done.outcome.history["test_loss"]
    assert math.isnan(curve[-1])
    assert all(math.isfinite(value) for value in curve[:-1])
    x = plain.inputs(run, task, task.test_rows("tests")).numpy()
    outputs = predict(run, done.weights, x)
    shifted = outputs - outputs.max(1, keepdims=True)
    y = task.targets[task.test_rows("tests")]
    losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(y)), y]
    assert done.outcome.last("test_loss") == pytest.approx(losses.mean(), rel=1e-5)


def test_what_ends_early_leaves_its_slot_to_others_and_nobody_notices():
    task, run = noisy()
    others = [
        run.replace(seed=s, fit=run.fit.replace(patience=p)) for s in range(4) for p in (0, 1, 5)
    ]
    among = trained(others, task, slots=3)
    for one in others:
        assert bits(trained([one], task)[one.key]) == bits(among[one.key])


@pytest.mark.parametrize("looks", [3, 30])
def test_a_run_goes_on_from_a_checkpoint_with_its_best_weights(looks, where, monkeypatch):
    if where == "loops":
        looks //= 3  # an epoch a look, where stacks have five
        monkeypatch.setattr("mlplab.engine.native.portions.CALL_SECONDS", 1e-9)
    monkeypatch.setattr("mlplab.engine.lane.PAUSE_SECONDS", 0.0)
    task, run = noisy(patience=8)
    undisturbed = bits(trained([run], task)[run.key])
    asked = iter(range(10**9))
    events = train([run], task, keep_weights=True, stop=lambda: next(asked) >= looks)
    left = [event for event in events if isinstance(event, Checkpointed)][-1]
    again = trained([run], task, resume={run.key: left.blob})
    assert bits(again[run.key]) == undisturbed


def test_what_is_watched_must_be_measured():
    task = made_up(n=40, valid=0.2)
    run = of(task, fit=Fit(patience=2, batch_size=8, monitor="valid_rmse"), optim=SGD())
    with pytest.raises(ConfigError, match="expected valid_loss or valid_accuracy"):
        trained([run], task)


def test_patience_needs_something_to_watch():
    task = made_up(n=40)
    run = of(task, fit=Fit(patience=2, batch_size=8), optim=SGD())
    with pytest.raises(ConfigError, match="needs validation rows to watch"):
        trained([run], task)
